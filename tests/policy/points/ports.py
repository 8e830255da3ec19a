"""Points 7 to 13: ports, addresses, nodes."""

from __future__ import annotations

from lib.model.sets import Protocol
from tests.policy import test_cluster_policies as cluster
from tests.policy.build import pod
from tests.policy.points.build import (
    ANY_API,
    API,
    DENY,
    HOST,
    NAMESPACES,
    ON_1,
    ON_2,
    TO_API,
    TWO_NAMES,
    UDP,
    WEB,
    A,
    Point,
    W,
    egress,
    ingress,
    kcnp,
    p,
)
from tests.policy.switch_words import NODES, placed

PORTS = [
    # 7
    *(
        p(
            7,
            f"{ports or 'no ports'} mean all ports of all protocols",
            f"{ANY_API}ingress: [{{{ports}}}]",
            W,
            A,
            "allowed",
            port=9,
            protocol=each,
        )
        for ports in ("ports: []", "ports: null", "")
        for each in Protocol
    ),
    p(
        7,
        "an item without a port means all ports of its protocol",
        ingress(ports="[{protocol: UDP}]"),
        W,
        A,
        "allowed",
        protocol=UDP,
        port=9,
    ),
    p(7, "and none of another protocol", ingress(ports="[{protocol: UDP}]"), W, A, "denied", port=9),
    p(7, "no protocol means TCP", ingress(ports="[{port: 80}]"), W, A, "allowed"),
    p(7, "and not UDP", ingress(ports="[{port: 80}]"), W, A, "denied", protocol=UDP),
    # 8
    *(
        p(8, f"from port to endPort, {n}", ingress(ports="[{port: 80, endPort: 90}]"), W, A, expected, port=n)
        for n, expected in ((79, "denied"), (80, "allowed"), (90, "allowed"), (91, "denied"))
    ),
    # 9
    p(9, "a port name is resolved on the destination", ingress(ports="[{port: http}]"), W, A, "allowed", port=8080),
    p(9, "and is no number of its own", ingress(ports="[{port: http}]"), W, A, "denied"),
    p(9, "also for egress", egress(ports="[{port: http}]"), W, A, "allowed", port=8080),
    p(
        9,
        "the sender's own ports do not count",
        egress(ports="[{port: mine}]"),
        W,
        A,
        "denied",
        port=7,
        base=(*NAMESPACES, pod("web", app="web", ports="[{name: mine, containerPort: 7}]"), API),
    ),
    *(
        p(
            9,
            f"it may differ from pod to pod: {name}",
            "podSelector: {}\ningress: [{ports: [{port: http}]}]",
            W,
            f"shop/{name}",
            "allowed",
            port=number,
            base=(WEB, API, pod("b", ports="[{name: http, containerPort: 9090}]")),
        )
        for name, number in (("api", 8080), ("b", 9090))
    ),
    p(9, "what no pod declares is no traffic", ingress(ports="[{port: nothing}]"), W, A, "denied", port=8080),
    p(
        9,
        "it matches name and protocol",
        ingress(ports="[{port: dns, protocol: TCP}]"),
        W,
        A,
        "denied",
        port=53,
        base=(WEB, pod("api", app="api", ports=TWO_NAMES)),
    ),
    p(
        9,
        "of that protocol",
        ingress(ports="[{port: dns, protocol: UDP}]"),
        W,
        A,
        "allowed",
        port=53,
        protocol=UDP,
        base=(WEB, pod("api", app="api", ports=TWO_NAMES)),
    ),
    p(
        9,
        "it means nothing for an ipBlock",
        egress("[{ipBlock: {cidr: 0.0.0.0/0}}]", "[{port: http}]"),
        W,
        "203.0.113.9",
        "denied",
        port=8080,
    ),
    # 10
    *(
        p(
            10,
            f"whether an ipBlock means pods is {name}'s answer",
            ingress("[{ipBlock: {cidr: 10.2.0.0/16}}]"),
            W,
            A,
            expected,
            engine=name,
            base=(placed(WEB, "", "10.2.0.5"), placed(API, "", "10.2.0.6")),
        )
        for name, expected in (
            ("kubernetes", "denied"),
            ("azure-npm", "allowed"),
            ("calico", "allowed"),
            ("cilium", "denied"),
        )
    ),
    p(
        10,
        "an ipBlock is meant for addresses outside",
        ingress("[{ipBlock: {cidr: 203.0.113.0/24}}]"),
        "203.0.113.9",
        A,
        "allowed",
    ),
    p(
        10,
        "except takes addresses out",
        ingress("[{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}}]"),
        "203.0.113.9",
        A,
        "denied",
    ),
    p(
        10,
        "and denies nothing that another rule permits",
        ingress("[{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28]}}, {ipBlock: {cidr: 203.0.113.9/32}}]"),
        "203.0.113.9",
        A,
        "allowed",
    ),
    # 12
    p(
        12,
        "a host-network pod is never selected",
        "podSelector: {}",
        W,
        "shop/host",
        "allowed",
        base=(*NAMESPACES, NODES, HOST, WEB),
    ),
    p(
        12,
        "nor a peer by its labels",
        ingress("[{podSelector: {}}]"),
        "shop/host",
        A,
        "denied",
        base=(*NAMESPACES, NODES, HOST, ON_2),
    ),
    p(
        12,
        "its traffic is its node's",
        ingress("[{ipBlock: {cidr: 10.1.0.4/32}}]"),
        "shop/host",
        A,
        "allowed",
        base=(*NAMESPACES, NODES, HOST, ON_2),
    ),
    p(
        12,
        "as is the node's own",
        ingress("[{ipBlock: {cidr: 10.1.0.4/32}}]"),
        "node/node-1",
        A,
        "allowed",
        base=(*NAMESPACES, NODES, ON_2),
    ),
    Point(
        12,
        "a cluster-wide policy does not select one",
        (cluster.cnp(DENY).replace("app: server", "app: web"),),
        A,
        "shop/host",
        "allowed",
        base=(*NAMESPACES, NODES, HOST, ON_2),
    ),
    Point(
        12, "nor mean one as a peer", (kcnp(DENY),), "shop/host", A, "allowed", base=(*NAMESPACES, NODES, HOST, ON_2)
    ),
    # 13
    p(13, "a node always reaches its own pods", TO_API, "node/node-1", A, "allowed", base=(NODES, ON_1)),
    p(13, "and not those of other nodes", TO_API, "node/node-1", A, "denied", base=(NODES, ON_2)),
    *(
        p(
            13,
            f"whether a pod reaches its own node is {name}'s answer",
            "podSelector: {}\npolicyTypes: [Egress]",
            A,
            "node/node-1",
            expected,
            engine=name,
            base=(NODES, ON_1),
        )
        for name, expected in (
            ("kubernetes", "allowed"),
            ("azure-npm", "allowed"),
            ("calico", "denied"),
            ("cilium", "denied"),
        )
    ),
]
