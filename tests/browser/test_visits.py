"""What a visitor does, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, Page, expect

from lib.ui.navigation import PAGES
from tests.browser.chromium import Watch, settle
from tests.browser.drive import choose, choose_files, go_to, load, namespace_tags, open_loader, query, strip, visit
from tests.browser.server import Server, running_server
from tests.ui.kit import HOSTILE, namespaces

ESCAPED = """
import streamlit as st

from lib.ui.text import plain
from tests.ui.kit import HOSTILE

st.title("escaped")
for number, text in enumerate(HOSTILE):
    with st.container(key=f"caption-{number}"):
        st.caption(plain(text))
    with st.container(key=f"warning-{number}"):
        st.warning(plain(text), icon=":material/info:")
    with st.container(key=f"metric-{number}"):
        st.metric(plain(text), 1)
    st.button(plain(text), key=f"button-{number}")
"""


def type_into_pools(page: Page, label: str, row: int, text: str) -> None:
    """Type into a box of a node pool, and wait for the page to follow."""
    box = page.locator(".st-key-plan-form").get_by_role("textbox", name=label, exact=True).nth(row)
    box.click()
    page.keyboard.press("Control+A")
    page.keyboard.type(text, delay=40)
    page.keyboard.press("Enter")
    expect(box).to_have_value(text)
    settle(page)


def test_what_is_typed_into_the_node_pools_is_planned_with_and_stays(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/ip_plan")
    now, at_most = "Nodes now", "Nodes at most"
    for label, row, text in ((now, 1, "40"), (at_most, 1, "120"), (now, 0, "4"), (at_most, 0, "6")):
        type_into_pools(page, label, row, text)
    # 126 nodes at most, and one of each pool more while upgrading, which is what AKS assumes without a surge.
    expect(page.get_by_text("128 nodes at the peak")).to_be_visible()
    pools = "name=system,mode=system,nodes=4,nodes-max=6;name=apps,mode=user,nodes=40,nodes-max=120"
    assert query(page)["pools"] == [pools]
    page.reload()
    settle(page)
    expect(page.get_by_text("128 nodes at the peak")).to_be_visible()
    go_to(page, "Input")
    go_to(page, "IP plan")
    expect(page.get_by_text("128 nodes at the peak")).to_be_visible()
    assert query(page)["pools"] == [pools]


def test_what_is_typed_into_the_table_of_node_pools_is_planned_with(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/ip_plan")
    page.get_by_role("button", name="Show as a table").click()
    settle(page)
    box = page.locator('[data-testid="stDataFrame"] canvas').first.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + 200, box["y"] + 35 * 2 + 17)
    # The browser loads the cell's editor when it is first wanted; only then there is something to type into.
    editor = page.locator("#portal input, #portal textarea")
    expect(editor).to_be_focused()
    editor.fill("9")
    editor.press("Enter")
    expect(page.get_by_text("15 nodes at the peak")).to_be_visible()
    expect(page).to_have_url(re.compile("nodes%3D9"))


def test_no_key_is_lost_in_many_pools_while_the_browser_is_slow(page: Page, server: Server) -> None:
    pools = ";".join(f"name=p{index},nodes=3,mode={'user' if index else 'system'}" for index in range(20))
    visit(page, f"{server.url}/ip_plan?pools={quote(pools)}")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    box = page.locator(".st-key-plan-form").get_by_role("textbox", name="Nodes now", exact=True).nth(7)
    box.click()
    # At once, as a person does who knows the form: nothing waits for the browser here.
    page.keyboard.press("Control+A")
    page.keyboard.type("4711")
    page.keyboard.press("Tab")
    page.keyboard.type("4712")
    page.keyboard.press("Enter")
    # 19 pools of three nodes and one of 4,712, and a surge node each.
    expect(page.get_by_text(f"{19 * 3 + 4712 + 20:,} nodes at the peak")).to_be_visible()
    assert "name=p7,mode=user,nodes=4711,nodes-max=4712" in query(page)["pools"][0]


def test_no_key_of_the_network_is_lost_when_the_clusters_have_just_become_more(page: Page, server: Server) -> None:
    # Six times slower on a busy machine: a click may wait for the page much longer than elsewhere.
    page.set_default_timeout(90_000)
    visit(page, f"{server.url}/ip_plan")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})
    form = page.locator(".st-key-plan-form")
    more = form.locator(".st-key-plan-count").get_by_test_id("stNumberInputStepUp")
    network = form.get_by_role("textbox", name="Virtual network", exact=True)
    connected = form.get_by_role("textbox", name="Peered and on-premises networks", exact=True)
    # At once: the page is still drawing two and three clusters while the network is typed.
    more.click()
    more.click()
    network.click()
    page.keyboard.type("10.20.0.0/16")
    page.keyboard.press("Tab")
    # By focus: a click also waits until the page, which is being drawn, stands still to be scrolled.
    connected.focus()
    page.keyboard.type("hq 10.100.0.0/16")
    page.keyboard.press("Enter")
    expect(form.get_by_role("textbox", name="Cluster", exact=True)).to_have_count(3)
    expect(network).to_have_value("10.20.0.0/16")
    expect(connected).to_have_value("hq 10.100.0.0/16")
    expect(page).to_have_url(re.compile(r"vnet=10\.20\.0\.0%2F16.*connected=hq"))
    expect(page.get_by_text("type it again")).to_have_count(0)


def test_a_subnet_is_pinned_by_a_click_and_stays_while_the_plan_changes(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/ip_plan?vnet=10.20.0.0/16&model=pod_subnet_dynamic")
    page.get_by_text("Pin subnets to their places").click()
    table = page.locator(".st-key-plan-places canvas").first
    table.scroll_into_view_if_needed()
    expect(table).to_be_visible()
    where = table.bounding_box()
    assert where is not None
    # The buttons are painted in the middle of the last of three columns; the second row is that of the pods.
    page.mouse.click(where["x"] + where["width"] * 0.865, where["y"] + 35 * 2 + 17)
    expect(page).to_have_url(re.compile("keep="))
    (kept,) = query(page)["keep"]
    name, _, place = kept.partition("=")
    assert name == "cluster-pods"
    settle(page)
    expect(page.get_by_text("1 of 2 suggested subnets are pinned")).to_be_visible()
    type_into_pools(page, "Nodes at most", 0, "4")
    expect(page.get_by_text("1 of 2 suggested subnets are pinned")).to_be_visible()
    assert query(page)["keep"] == [f"cluster-pods={place}"]


def test_the_cards_of_the_plan_are_whole_on_a_narrow_page(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1000, "height": 800})
    page = context.new_page()
    visit(page, f"{server.url}/ip_plan?vnet=10.20.0.0/23&model=node_subnet&growth_per_month=5")
    cut = page.locator(".st-key-plan-cards").evaluate(
        "e => [e, ...e.querySelectorAll('p, [data-testid=stMetricValue] *')]"
        ".filter(x => x.scrollWidth > x.clientWidth + 1).map(x => x.textContent)"
    )
    assert cut == []
    expect(page.locator(".st-key-plan-cards")).to_contain_text("Passed in")
    context.close()


def test_the_first_visit_shows_the_sample(page: Page, server: Server) -> None:
    visit(page, server.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(strip(page)).to_contain_text("A shop on AKS")
    assert query(page) == {}
    assert page.title() == "NetAtlas"


def test_every_page_opens_by_a_click(page: Page, server: Server) -> None:
    visit(page, server.url)
    for spec in [*PAGES[1:], PAGES[0]]:
        go_to(page, spec.title)
        expect(strip(page)).to_contain_text("A shop on AKS")
        assert page.locator('[data-testid="stException"]').count() == 0


def test_the_first_request_to_a_fresh_server_may_be_a_deep_link(browser: Browser, watch: Watch, tmp_path: Path) -> None:
    context = browser.new_context()
    watch.attach(context)
    with running_server(tmp_path) as fresh:
        page = context.new_page()
        visit(page, f"{fresh.url}/policy_flows?src=sample:shop&ns=shop-web&labels=app")
        expect(page.get_by_role("heading", level=1)).to_have_text("Policy flows")
        expect(page.get_by_test_id("stSidebarNav")).to_contain_text("Services & load balancers")
        expect(namespace_tags(page)).to_have_text(["shop-web"])
        expect(page.get_by_role("textbox", name="Labels")).to_have_value("app")
        expect(strip(page)).to_contain_text("1 of 10 namespaces")
        assert query(page) == {"src": ["sample:shop"], "ns": ["shop-web"], "labels": ["app"]}
        context.close()
        assert fresh.refused() == []
    assert watch.complaints() == []


def test_the_first_click_after_a_fresh_servers_start_counts(browser: Browser, watch: Watch, tmp_path: Path) -> None:
    context = browser.new_context()
    watch.attach(context)
    with running_server(tmp_path) as fresh:
        page = context.new_page()
        visit(page, fresh.url)
        page.get_by_role("textbox", name="Labels").fill("app in (")
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stSidebar").get_by_role("alert")).to_contain_text("missing")
        context.close()
    assert watch.complaints() == []


def test_filters_go_to_the_address_and_survive_page_changes_and_a_refresh(page: Page, server: Server) -> None:
    visit(page, server.url)
    choose(page, page.get_by_test_id("stMultiSelect").locator("input"), "shop-web")
    expect(strip(page)).to_contain_text("1 of 10 namespaces")
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Labels").fill("app")
    page.keyboard.press("Enter")
    expect(strip(page)).to_contain_text("labels app")
    go_to(page, "Policy flows")
    assert query(page) == {"ns": ["shop-web"], "labels": ["app"]}
    page.reload()
    settle(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Policy flows")
    expect(namespace_tags(page)).to_have_text(["shop-web"])
    expect(page.get_by_role("textbox", name="Labels")).to_have_value("app")


def test_choosing_another_sample_changes_the_address(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/input?ns=shop-web")
    choose(page, page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").get_by_role("combobox"), 1)
    expect(strip(page)).not_to_contain_text("A shop on AKS")
    assert query(page)["src"][0].startswith("sample:")
    assert "ns" not in query(page)
    go_to(page, "IP plan")
    assert query(page)["src"][0].startswith("sample:")


def test_the_back_button_leads_back_and_out(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/_stcore/health")
    visit(page, f"{server.url}/input")
    choose(page, page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").get_by_role("combobox"), 1)
    expect(strip(page)).not_to_contain_text("A shop on AKS")
    go_to(page, "IP plan")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Input")
    expect(strip(page)).not_to_contain_text("A shop on AKS")
    page.go_back()
    expect(strip(page)).to_contain_text("A shop on AKS")
    page.go_back()
    expect(page).to_have_url(f"{server.url}/_stcore/health")


def test_files_are_uploaded(page: Page, server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(namespaces("from-a"))
    (tmp_path / "b.yaml").write_bytes(namespaces("from-b"))
    visit(page, server.url)
    dialog = open_loader(page)
    choose_files(dialog, [tmp_path / "a.yaml", tmp_path / "b.yaml"])
    load(page, dialog)
    expect(strip(page)).to_contain_text("2 files")
    expect(strip(page)).to_contain_text("2 namespaces")
    assert query(page)["src"][0].startswith("upload:")


def test_who_presses_load_before_the_upload_is_done_is_told_so_and_when_it_is(
    page: Page, server: Server, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_bytes(namespaces("from-a"))
    visit(page, server.url)
    dialog = open_loader(page)
    dialog.get_by_role("button", name="Load", exact=True).click()
    expect(dialog.get_by_text("A file counts once it is uploaded")).to_be_visible()
    choose_files(dialog, [tmp_path / "a.yaml"])
    expect(dialog.get_by_text("Everything is uploaded now")).to_be_visible()
    dialog.get_by_role("button", name="Load", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(strip(page)).to_contain_text("a.yaml")


def test_a_folder_is_uploaded(page: Page, server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.yaml").write_bytes(namespaces("from-a"))
    (folder / "sub" / "b.yaml").write_bytes(namespaces("from-b"))
    visit(page, f"{server.url}/input")
    dialog = open_loader(page)
    choose_files(dialog, folder, tab="Folder")
    load(page, dialog)
    expect(strip(page)).to_contain_text("2 namespaces")
    expect(strip(page)).to_contain_text("cluster/")


def test_an_archive_is_uploaded(page: Page, server: Server, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cluster.zip", "w") as archive:
        archive.writestr("a.yaml", namespaces("from-a"))
        archive.writestr("sub/b.yaml", namespaces("from-b", "from-c"))
    visit(page, server.url)
    dialog = open_loader(page)
    choose_files(dialog, tmp_path / "cluster.zip")
    load(page, dialog)
    expect(strip(page)).to_contain_text("cluster.zip")
    expect(strip(page)).to_contain_text("3 namespaces")


def test_text_is_pasted_where_nothing_is_loaded(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/?src=none")
    expect(page.get_by_text("Nothing is loaded", exact=True).first).to_be_visible()
    page.get_by_role("tab", name="Paste").click()
    page.get_by_role("textbox", name="YAML or JSON").fill(namespaces("pasted").decode())
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(strip(page)).to_contain_text("1 namespace")
    assert query(page)["src"][0].startswith("upload:")


def test_the_dialog_closes_and_stays_closed(page: Page, server: Server) -> None:
    visit(page, server.url)
    open_loader(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    go_to(page, "Input")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_one_visitors_input_is_out_of_anothers_reach(page: Page, browser: Browser, server: Server) -> None:
    visit(page, f"{server.url}/?src=none")
    page.get_by_role("tab", name="Paste").click()
    page.get_by_role("textbox", name="YAML or JSON").fill(namespaces("private-one").decode())
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Load", exact=True).click()
    expect(strip(page)).to_contain_text("1 namespace")
    other = browser.new_context()
    stranger = other.new_page()
    visit(stranger, page.url)
    expect(stranger.get_by_text("Nothing is loaded", exact=True).first).to_be_visible()
    assert "private-one" not in stranger.content()
    go_to(stranger, "Input")
    assert "private-one" not in stranger.content()
    other.close()
    go_to(page, "Input")
    expect(strip(page)).to_contain_text("1 namespace")


def test_a_table_is_taken_along_as_csv_and_json(page: Page, server: Server) -> None:
    visit(page, f"{server.url}/input")
    with page.expect_download() as download:
        page.locator('[class*="st-key-export-csv-kinds"] button').click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"))))
    assert download.value.suggested_filename == "netatlas-kinds.csv"
    with page.expect_download() as download:
        page.locator('[class*="st-key-export-json-kinds"] button').click()
    assert [row["kind"] for row in rows] == [row["kind"] for row in json.loads(Path(download.value.path()).read_text())]
    assert {"Service", "NetworkPolicy"} <= {row["kind"] for row in rows}


def test_a_hostile_file_name_is_shown_letter_by_letter(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "![x](http:) :red[r] $m$ <script>x :material:.yaml"
    file.write_bytes(namespaces("x"))
    visit(page, f"{server.url}/input")
    dialog = open_loader(page)
    choose_files(dialog, file)
    load(page, dialog)
    expect(strip(page)).to_contain_text("1 namespace")
    assert "![x](http:" in strip(page).inner_text()
    assert strip(page).locator("a[href^='http'], img, script, .katex").count() == 0


def test_hostile_content_stays_text_in_problems_excerpts_and_filters(
    page: Page, server: Server, tmp_path: Path
) -> None:
    names = [json.dumps(text) for text in HOSTILE]
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {}\n  namespace: {}\n  labels: {{app: {}}}\nspec: {{}}\n"
    bad = "---\n".join(pod.format(name, name, name) for name in names)
    (tmp_path / "<img src=x> [a](b).yaml").write_text(bad)
    (tmp_path / "good.yaml").write_bytes(namespaces("good"))
    visit(page, f"{server.url}/input")
    dialog = open_loader(page)
    choose_files(dialog, sorted(tmp_path.glob("*.yaml")))
    load(page, dialog)
    expect(strip(page)).to_contain_text("problems")
    for spec in (PAGES[0], PAGES[1], PAGES[-1]):
        go_to(page, spec.title)
        assert page.locator("a[href*='192.0.2'], a[href*='x.example'], a[href^='mailto'], .katex").count() == 0
        assert page.locator("img[src*='192.0.2'], img[src='x'], main script").count() == 0
    page.get_by_role("textbox", name="Labels").fill(f"app in ({HOSTILE[0]}")
    page.keyboard.press("Enter")
    alert = page.get_by_test_id("stSidebar").get_by_role("alert")
    expect(alert).to_be_visible()
    assert alert.locator("a, img").count() == 0


def test_hostile_addresses_are_answered_in_words(page: Page, server: Server) -> None:
    for text in (HOSTILE[0], HOSTILE[1], "../../etc/passwd", "x" * 4000):
        visit(page, f"{server.url}/?{urlencode({'src': text, 'ns': text, 'labels': text})}")
        expect(page.get_by_text("Nothing is loaded", exact=True).first).to_be_visible()
        assert page.locator("a[href*='192.0.2'], a[href*='x.example'], img[src*='192.0.2']").count() == 0


def test_escaped_text_is_shown_letter_by_letter_wherever_markdown_is_understood(
    browser: Browser, watch: Watch, tmp_path: Path
) -> None:
    script = tmp_path / "escaped.py"
    script.write_text(ESCAPED)
    context = browser.new_context()
    watch.attach(context)
    with running_server(tmp_path, script=str(script)) as server:
        page = context.new_page()
        visit(page, server.url)
        for number, text in enumerate(HOSTILE):
            for place in ("caption", "warning", "metric", "button"):
                spot = page.locator(f".st-key-{place}-{number}").first
                assert text in spot.inner_text().replace("\u2060", ""), (place, text)
                assert spot.locator("a, img, script, h1, em, strong, .katex").count() == 0, (place, text)
        context.close()
    assert watch.complaints() == []
