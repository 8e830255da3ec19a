"""What commands say of ends that are not in the input, and of many notes of one kind."""

from __future__ import annotations

import json

import pytest

from lib.cli import main

REJECTED = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec: {containers: 5}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: 7}
---
apiVersion: v1
kind: Pod
metadata: {name: ok, namespace: shop}
spec: {containers: [{name: a}]}
"""
UNREAD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: broken, namespace: shop
spec: [
"""


@pytest.fixture
def said(capsys, tmp_path):
    def run(text: str, *arguments: str) -> tuple[int, str]:
        (tmp_path / "in.yaml").write_text(text)
        status = main([arguments[0], str(tmp_path / "in.yaml"), *arguments[1:]])
        return status, capsys.readouterr().err

    return run


@pytest.mark.parametrize("end", ["shop/web", "web", "shop/web[Pod]", "shop/pod/web"])
@pytest.mark.parametrize("command", ["explain", "trace"])
def test_a_rejected_pod_is_named_with_its_line_and_its_remedy(said, command, end):
    status, err = said(REJECTED, command, "--from", end, "--to", "shop/ok:80" if command == "trace" else "shop/ok")
    assert status == 2
    assert "shop/web[Pod] was rejected at " in err and "in.yaml:4: spec.containers: must be a list" in err
    assert "no workload or pod" not in err and "Start each element" in err


def test_a_rejected_goal_of_a_trace_is_named_too(said):
    _, err = said(REJECTED, "trace", "--from", "shop/ok", "--to", "shop/web:80")
    assert "shop/web[Pod] was rejected at " in err


@pytest.mark.parametrize("end", ["shop/db", "shop/web[Deployment]", "other/web"])
def test_what_is_called_otherwise_or_is_a_policy_is_not_taken_for_the_end(said, end):
    _, err = said(REJECTED, "explain", "--from", end, "--to", "shop/ok")
    assert "was rejected at" not in err and "no workload or pod" in err


def test_what_may_stand_in_unreadable_text_is_told_of(said):
    _, err = said(
        REJECTED.partition("---")[2].partition("---")[2] + UNREAD, "explain", "--from", "shop/broken", "--to", "shop/ok"
    )
    assert "no workload or pod 'shop/broken'" in err
    assert "It may stand in what could not be read at " in err and "not valid YAML" in err


def test_many_notes_of_one_kind_are_said_once_and_all_in_json(capsys, tmp_path):
    pods = [
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: p{n}, namespace: a, labels: {{app: p{n}}}}}, "
        f"spec: {{containers: [{{name: c}}]}}, status: {{phase: Running, podIP: 10.1.0.{n}}}}}"
        for n in range(1, 13)
    ]
    policies = [
        f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: q{n}, namespace: a}}, "
        f"spec: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: 10.0.0.0/8}}}}]}}]}}}}"
        for n in range(1, 13)
    ]
    (tmp_path / "in.yaml").write_text("\n---\n".join([*pods, *policies]))
    asked = ["explain", str(tmp_path / "in.yaml"), "--from", "a/p1", "--to", "a/p2", "--engine", "cilium"]
    main(asked)
    err = capsys.readouterr().err
    assert err.count("covers addresses of pods") == 1
    assert "of 11 more: " in err and "and 8 others" in err and "--format json lists every note" in err
    main([*asked, "--format", "json"])
    codes = [problem["code"] for problem in json.loads(capsys.readouterr().out)["problems"]]
    assert codes.count("ip-block-covers-pods") == 12
