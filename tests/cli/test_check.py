"""The command ``check``: what hangs on the day."""

from __future__ import annotations

import json

import pytest

from lib.cli import main


@pytest.mark.parametrize(
    ("day", "code", "status"),
    [("2026-11-30", "ingress-controller-fading", 0), ("2026-12-01", "ingress-controller-retired", 1)],
)
def test_support_of_controllers_is_told_for_the_day_that_is_asked_about(capsys, tmp_path, day, code, status):
    """Security patches until November 2026: AKS:includes/ingress-nginx-retirement.md."""
    ingress = tmp_path / "a.yaml"
    ingress.write_text(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a, namespace: b}\n"
        "spec: {ingressClassName: webapprouting.kubernetes.azure.com,"
        " defaultBackend: {service: {name: a, port: {number: 80}}}}\n"
    )
    assert main(["check", str(ingress), "--today", day, "--format", "json", "--fail-on", "warning"]) == status
    found = {f["code"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert code in found and len(found & {"ingress-controller-fading", "ingress-controller-retired"}) == 1
