"""The pages, their sections and their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import StreamlitPage
from streamlit.runtime.pages_manager import PagesManager

ROOT: Final = Path(__file__).resolve().parents[2]
ASSETS: Final = Path(__file__).resolve().parent / "assets"


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page; the file's stem is its address, so that both of Streamlit's page systems find it."""

    file: str
    title: str
    icon: str
    section: str
    help: str
    default: bool = False

    @property
    def path(self) -> Path:
        """Where the script lies."""
        return ROOT / "pages" / f"{self.file}.py"

    @property
    def address(self) -> str:
        """The path in the URL; the default page has the root."""
        return "/" if self.default else f"/{self.file}"


PAGES: Final = (
    PageSpec(
        "overview",
        "Overview",
        ":material/hub:",
        "Cluster",
        "What is exposed, what is broken and what is open, at a glance.",
        default=True,
    ),
    PageSpec(
        "services",
        "Services & load balancers",
        ":material/lan:",
        "Network",
        "Every Service, load balancer and side door, with what stands behind it.",
    ),
    PageSpec(
        "security_rules",
        "Security rules",
        ":material/shield:",
        "Network",
        "What Azure's network security group lets in for the Services, and which rule answers a packet.",
    ),
    PageSpec(
        "ingress_routes",
        "Ingress routes",
        ":material/alt_route:",
        "Network",
        "Hosts and paths of Ingresses and Gateway API routes; test which rule a URL meets.",
    ),
    PageSpec(
        "policy_flows",
        "Policy flows",
        ":material/policy:",
        "Network",
        "Who may talk to whom on which ports, and the policy line that decides.",
    ),
    PageSpec(
        "trace",
        "Trace",
        ":material/conversion_path:",
        "Network",
        "A packet's way hop by hop to a URL, an address, a Service or a pod; where it is stopped, and why.",
    ),
    PageSpec(
        "recommendation",
        "Recommendation",
        ":material/auto_awesome:",
        "Network",
        "The fewest NetworkPolicies that let through what is needed, as YAML, proven by the engine.",
    ),
    PageSpec(
        "engine_migration",
        "Engine migration",
        ":material/swap_horiz:",
        "Network",
        "What changes when another policy engine enforces the same policies, why, and what to do.",
    ),
    PageSpec(
        "compare",
        "Compare",
        ":material/difference:",
        "Network",
        "Two clusters, or two moments of one: flows, routes and objects that differ, and why.",
    ),
    PageSpec(
        "assertions",
        "Assertions",
        ":material/fact_check:",
        "Network",
        "What must and must not flow, in a few lines of YAML, checked against the policies.",
    ),
    PageSpec(
        "egress",
        "Egress",
        ":material/logout:",
        "Network",
        "Outbound type, SNAT ports, the destinations that the cluster must reach, and who may reach the Internet.",
    ),
    PageSpec(
        "ip_plan",
        "IP plan",
        ":material/calculate:",
        "Planning",
        "Addresses that the cluster needs, with overlay and with flat networking.",
    ),
    PageSpec(
        "input",
        "Input",
        ":material/folder_open:",
        "Source",
        "What was read, what could not be read, and how to dump a cluster.",
    ),
)


def spec(file: str) -> PageSpec:
    """The page whose script is ``pages/<file>.py``. Raises KeyError for any other."""
    return {page.file: page for page in PAGES}[file]


def configure() -> None:
    """Set the tab's title and icon; a bundled image, since an icon name would make the browser fetch a font."""
    st.set_page_config(page_title="NetAtlas", page_icon=str(ASSETS / "icon.svg"), layout="wide")
    st.html(ASSETS / "page.css")
    st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.svg"))


def register() -> StreamlitPage:
    """Tell Streamlit the pages and return the one that was asked for.

    The first run after a server's start is made in Streamlit's older manner because there is a folder ``pages/``: it
    runs a page's script without app.py and gives widgets other identities than every later run. Such a run is ended
    here and made again in the proper way.
    """
    old_manner = bool(PagesManager.uses_pages_directory)
    sections: dict[str, list[StreamlitPage]] = {}
    for page in PAGES:
        sections.setdefault(page.section, []).append(
            st.Page(
                page.path,
                title=page.title,
                icon=page.icon,
                url_path=page.file,
                default=page.default,
                help=page.help,
            )
        )
    chosen = st.navigation(dict(sections), expanded=True)
    if old_manner:
        st.rerun()
    return chosen
