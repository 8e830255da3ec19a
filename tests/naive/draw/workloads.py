"""Random namespaces, nodes and pods."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.naive.draw.words import NAMESPACES, PORT_NAMES, PROTOCOLS, chance, labels
from tests.naive.flow import Raw

NODES = {"node-1": ("10.0.0.1", "fd00:9::1"), "node-2": ("10.0.0.2",)}

FAMILIES = (["10.1.0.{}"], ["fd00:1::{}"], ["10.1.0.{}", "fd00:1::{}"], ["fd00:1::{}", "10.1.0.{}"])


@st.composite
def containers(draw: st.DrawFn, name: str) -> Raw:
    declared = draw(
        st.lists(
            st.tuples(st.sampled_from(PORT_NAMES), st.sampled_from(PROTOCOLS)),
            min_size=1,
            max_size=2,
            unique_by=lambda port: port[0],
        )
    )
    numbers = draw(st.lists(st.sampled_from([53, 80, 8080]), min_size=2, max_size=2, unique=True))
    return {
        "name": name,
        "image": "example.org/app:1",
        "ports": [
            {"name": n, "protocol": p, "containerPort": number}
            for (n, p), number in zip(declared, numbers, strict=False)
        ],
    }


@st.composite
def pods(draw: st.DrawFn, number: int) -> Raw:
    spec: Raw = {"nodeName": draw(st.sampled_from(sorted(NODES))), "containers": [draw(containers("main"))]}
    if chance(draw, 25):
        helper = draw(containers("helper"))
        if draw(st.booleans()):
            helper["restartPolicy"] = "Always"
        spec["initContainers"] = [helper]
    host_ips = NODES[spec["nodeName"]]
    pod_ips = draw(st.sampled_from(FAMILIES))
    pod_ips = [ip.format(number + 1) for ip in pod_ips]
    if chance(draw, 20):
        spec["hostNetwork"] = True
        pod_ips = list(host_ips)
    status: Raw = {
        "phase": "Running" if chance(draw, 75) else draw(st.sampled_from(["Pending", "Succeeded", "Failed"])),
        "podIP": pod_ips[0],
        "podIPs": [{"ip": ip} for ip in pod_ips],
        "hostIP": host_ips[0],
        "hostIPs": [{"ip": ip} for ip in host_ips],
    }
    if status["phase"] == "Pending" and draw(st.booleans()):
        del status["podIP"], status["podIPs"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"pod-{number}",
            "namespace": draw(st.sampled_from(NAMESPACES)),
            "labels": draw(labels),
        },
        "spec": spec,
        "status": status,
    }


def owned(pod: Raw, name: str) -> Raw:
    """The same pod as one of a StatefulSet's."""
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name, "uid": name, "controller": True}
    return {**pod, "metadata": {**pod["metadata"], "ownerReferences": [owner]}}
