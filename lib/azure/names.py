"""What the cloud provider calls the Azure resources of a Service.

Source: ``azure_standard.go`` and ``azure_utils.go`` of cloud-provider-azure; the fixed parts
stand in ``lib/facts/load_balancer.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lib.facts.reader import get
from lib.model.services import Service
from lib.model.sets import Family

# What a name of Azure's can't end with, and what a cut one ends with instead.
_NO_ENDS: Final = "-."
_END: Final = "_"


@dataclass(frozen=True, slots=True)
class Names:
    """The names for one Service; ``families`` are those of its load balancer, and two of them mean dual stack.

    A manifest has no uid; the names then hold ``<uid of NAMESPACE/NAME>`` in its place, and ``known`` is False.
    """

    service: Service
    subnet: str
    families: tuple[Family, ...]

    @property
    def known(self) -> bool:
        """Whether the names are the real ones."""
        return bool(self.service.uid)

    @property
    def base(self) -> str:
        """What every name begins with."""
        pattern = get("lb_base_name").text
        if not self.service.uid:
            return pattern.replace("{uid}", f"<uid of {self.service.ref.qualified_name}>")
        name = pattern.replace("{uid}", self.service.uid.replace("-", ""))
        return name[: get("lb_base_name_length").number]

    def frontend(self, family: Family) -> str:
        """The frontend IP configuration's name."""
        name = self._whole_frontend
        cut = self._cut(name)
        if cut != name and cut[-1] in _NO_ENDS:
            cut = cut[:-1] + _END
        return self.of_family(cut, family)

    @property
    def frontend_end_open(self) -> bool:
        """Whether the last character of the frontend's name is not settled: a digit at which the name is cut.

        The provider's tests show letters that stay and hyphens that are replaced, and no digits.
        """
        cut = self._cut(self._whole_frontend)
        return cut != self._whole_frontend and cut[-1].isdigit()

    @property
    def _whole_frontend(self) -> str:
        return f"{self.base}-{self.subnet}" if self.subnet else self.base

    def rule(self, protocol: str, port: int | str, family: Family) -> str:
        """A load balancing rule's name, which is also its probe's. ``protocol`` is the API's word."""
        plain = f"{self.base}-{protocol}-{port}"
        if not self.subnet:
            return self.of_family(plain, family)
        room = _longest() - len(plain) - 1
        subnet = self.subnet[: max(room, 0)] if self.known else self.subnet
        return self.of_family(f"{self.base}-{subnet}-{protocol}-{port}", family)

    def public_ip(self, prefix: str, family: Family) -> str:
        """The name of a public IP that the provider makes; ``prefix`` is the name of the prefix it comes from or ""."""
        name = f"{get('lb_name').text}-{self.base}" + (f"-{prefix}" if prefix else "")
        return self.of_family(self._cut(name), family)

    def of_family(self, name: str, family: Family) -> str:
        """``name`` with the ending of a dual-stack Service's IPv6 half, where it is one."""
        dual = len(self.families) > 1
        return name + get("lb_ipv6_suffix").text if dual and family is Family.IPV6 else name

    def _cut(self, name: str) -> str:
        return name[: _longest()] if self.known else name


def _longest() -> int:
    """How long a name may be before the ending of its family."""
    return get("lb_resource_name_length").number - get("lb_family_suffix_length").number


def load_balancer_name(internal: bool, configuration: str = "") -> str:
    """The load balancer's name; ``configuration`` is one of multiple load balancers, else the cluster's."""
    name = configuration or get("lb_name").text
    return name + get("lb_internal_suffix").text if internal else name


def backend_pool_name(family: Family) -> str:
    """The pool of all nodes, by family."""
    name = get("lb_name").text
    return name + get("lb_ipv6_suffix").text if family is Family.IPV6 else name
