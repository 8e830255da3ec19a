"""Which answers of nca-schemes are not the suite's, by case and query, each with the reason."""

from __future__ import annotations

from typing import Final

_CALICO: Final = "calico__calico_testcases__example_policies__"
_HOSTS_PASS: Final = f"{_CALICO}testcase18-pass__testscase18-new"
_K8S: Final = "k8s__k8s_testcases__example_policies__"

PROTOCOLS: Final = (
    "rules about ICMP and the like neither open nor close a connection of TCP, UDP or SCTP, which are the ones that "
    "are judged"
)
PROFILES: Final = (
    "Calico asks an endpoint's Profiles where no policy applies to it; the tool takes only the labels of Profiles and "
    "leaves out their rules"
)
SAME_ORDER: Final = (
    'Calico: "Policies with identical order will be applied in alphanumerical order based on the Policy Name"; the '
    "tool takes them as they come"
)
NO_PROFILE: Final = (
    "a WorkloadEndpoint without Profiles drops what no policy allows, so that a policy changes something"
)
INGRESS: Final = (
    "the tool takes an Ingress for a limit on what its controller's pods may send; to the API it is a collection of "
    "rules that allow inbound connections to reach backends"
)
EXCEPT: Final = (
    'the policy is refused, as the API server does: "Except values will be rejected if they are outside the cidr range"'
)
POD_VERSION: Final = "its Pods are of apps/v1, where the API has none: the API server refuses them"
FAILSAFE: Final = (
    "between host endpoints the failsafe ports, which the tool does not know, are open unless FelixConfiguration says "
    "otherwise, so that not every pair is settled"
)
NO_PODS: Final = "ends that are host endpoints, DNS names, or pods that the tool invents"
URL: Final = "a configuration of it stands at an address that is not in the case"
LAYER_7: Final = "kinds that are not read"

OTHERWISE: Final[dict[str, dict[str, tuple[int, str]]]] = {
    f"{_CALICO}testcase13-protocol__testcase13": {"deny_other_protocol_redundant": (5, PROTOCOLS)},
    _HOSTS_PASS: {
        "non_equiv_nonRednundant_pass": (0, NO_PROFILE),
        "redundancy_nonRedundantPass": (4, NO_PROFILE),
    },
    f"{_CALICO}testcase19-profiles__testcase19": {"sanity_np11-global-enable-with-label-to-apply": (1, PROFILES)},
    f"{_CALICO}testcase26-multi-layer-policies__testcase26-multi-layer-vacuity": {
        "allow-all-pods-config": (0, NO_PROFILE)
    },
    f"{_K8S}services1__services1": {
        "compare_np1_and_np2": (0, INGRESS),
        "pairwiseInterferes_np1_and_np2": (2, INGRESS),
        "containment_np1_and_np2": (0, INGRESS),
        "containment_np2_and_np1": (0, INGRESS),
    },
    f"{_K8S}withEndPort__withEndPort": {"equivalence": (0, PROTOCOLS), "semantic_diff": (0, PROTOCOLS)},
    f"{_K8S}withIpBlock2__withIpBlock2": {
        "redundancy_between_configs": (9, EXCEPT),
    },
}
"""Case → query → our number and why it is right."""

WITH_HOSTS: Final[dict[str, frozenset[str]]] = {
    _HOSTS_PASS: frozenset(
        {
            "redundancy_redundantPass",
            "redundancy_nonRedundantPass",
            "equiv_nonRedundantPass_and_its_equiv",
            "non_equiv_nonRednundant_pass",
            "equiv_different-writing",
            "none-equiv_different_ranges_writing_additional_port",
            "equiv_different_ranges_writing_redundant",
            "sanity_equiv_different_ranges_writing_redundant",
        }
    ),
}
"""Case → the queries about host endpoints: each is then an end by itself, as to the tool."""

LEFT_OUT: Final[dict[str, dict[str, str]]] = {
    _HOSTS_PASS: {"interfere_different_ranges_writing_additional_port": FAILSAFE},
    f"{_K8S}withIpBlock2__withIpBlock2": {
        "compare_with_ghe": URL,
        "compare_with_raw_ghe": URL,
        "redundancy_in_specific_policies": EXCEPT,
        "compare_two_equiv_multiple_ports": EXCEPT,
    },
}
"""Case → query → why it has no answer here; the list may only shrink. Queries over layer 7 kinds are found by kind."""

FLOWS: Final[dict[str, tuple[int, str]]] = {
    f"{_CALICO}testcase18-pass__testcase18/np-pod-based-policies": (72, SAME_ORDER),
    f"{_CALICO}testcase19-profiles__testcase19/np9-cnc-fe-between-namespaces-with-label-to-apply": (3540, PROFILES),
    "k8s__fw_rules_tests__policies__subset-deployment/np25": (8, POD_VERSION),
    f"{_K8S}k8s-ingress-test__k8s-ingress-test/test-ingress": (8, INGRESS),
    f"{_K8S}services1__services1/ip": (24, INGRESS),
    f"{_K8S}services1__services1/np0": (12, INGRESS),
    f"{_K8S}services1__services1/np1": (4, INGRESS),
    f"{_K8S}services1__services1/np2": (4, INGRESS),
}
"""Case/configuration → how many pairs of its listed flows differ, and why; the numbers may only fall."""
