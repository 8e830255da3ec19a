"""Points 1 to 6: isolation and peers."""

from __future__ import annotations

from tests.policy.build import policy
from tests.policy.points.build import ANY_API, OPEN, OUT_WEB, SCTP, SHUT, TO_API, A, Point, S, W, by, egress, ingress, p

SELECTORS = [
    # 1
    p(1, "without policyTypes ingress is isolated", TO_API, W, A, "denied"),
    p(1, "an egress rule isolates egress too", TO_API + "egress: [{ports: [{port: 1}]}]", A, W, "denied"),
    p(1, "and permits what it says", TO_API + "egress: [{ports: [{port: 1}]}]", A, W, "allowed", port=1),
    p(1, "an empty list of egress rules does not", TO_API + "egress: []", A, W, "allowed"),
    p(1, "and still isolates ingress", TO_API + "egress: []", W, A, "denied"),
    # 2
    p(2, "isolation is per direction", ANY_API, A, W, "allowed"),
    p(2, "isolation is per pod", ANY_API, S, W, "allowed"),
    Point(2, "policies add", (SHUT, OPEN), W, A, "allowed"),
    Point(2, "the source's egress is needed", (OPEN, policy(OUT_WEB, name="out")), W, A, "denied"),
    Point(2, "and the destination's ingress", (SHUT, policy(egress(), name="out")), W, A, "denied"),
    Point(2, "both are enough", (OPEN, policy(egress(), name="out")), W, A, "allowed"),
    # 3
    *(
        p(3, f"{peers or 'no from'} means every peer, {who}", f"{ANY_API}ingress: [{{{peers}}}]", src, A, "allowed")
        for peers in ("from: []", "from: null", "")
        for who, src in (("pods", S), ("and outside", "203.0.113.9"))
    ),
    p(3, "an empty list of rules is nothing", ANY_API + "ingress: []", W, A, "denied"),
    p(3, "an empty to means every peer", f"{OUT_WEB}egress: [{{to: []}}]", W, "203.0.113.9", "allowed"),
    p(3, "an empty rule is everything", ANY_API + "ingress: [{}]", W, A, "allowed", port=9, protocol=SCTP),
    # 4
    p(4, "podSelector {} means pods of the policy's namespace", ingress("[{podSelector: {}}]"), W, A, "allowed"),
    p(4, "and of no other", ingress("[{podSelector: {}}]"), S, A, "denied"),
    p(4, "and nobody outside", ingress("[{podSelector: {}}]"), "203.0.113.9", A, "denied"),
    p(4, "namespaceSelector {} means all namespaces", ingress("[{namespaceSelector: {}}]"), S, A, "allowed"),
    *(
        p(
            4,
            f"both in one item: {src}",
            ingress("[{namespaceSelector: {matchLabels: {team: b}}, podSelector: {matchLabels: {app: web}}}]"),
            src,
            A,
            expected,
        )
        for src, expected in ((S, "allowed"), (W, "denied"))
    ),
    *(
        p(
            4,
            f"two items are alternatives: {src}",
            ingress("[{namespaceSelector: {matchLabels: {team: b}}}, {podSelector: {matchLabels: {app: web}}}]"),
            src,
            A,
            "allowed",
        )
        for src in (S, W)
    ),
    # 6
    *(
        p(6, f"{expression}", by(f"{{{expression}}}"), W, A, expected)
        for expression, expected in (
            ("key: app, operator: In, values: [web, x]", "allowed"),
            ("key: app, operator: In, values: [x]", "denied"),
            ("key: app, operator: NotIn, values: [web]", "denied"),
            ("key: absent, operator: NotIn, values: [web]", "allowed"),
            ("key: app, operator: Exists", "allowed"),
            ("key: absent, operator: Exists", "denied"),
            ("key: app, operator: DoesNotExist", "denied"),
            ("key: absent, operator: DoesNotExist", "allowed"),
        )
    ),
    p(
        6,
        "expressions are anded with labels",
        ingress("[{podSelector: {matchLabels: {app: web}, matchExpressions: [{key: x, operator: Exists}]}}]"),
        W,
        A,
        "denied",
    ),
    p(
        6,
        "a subject by expressions alone is not everything",
        "podSelector: {matchExpressions: [{key: x, operator: Exists}]}",
        W,
        A,
        "allowed",
    ),
]
