"""The command that says what a login may and may not read."""

from __future__ import annotations

import argparse
import json

from lib.cli.cluster import ClusterSource, connect
from lib.cli.errors import UsageError
from lib.cli.output import write, write_json, write_rows


def doctor_command(arguments: argparse.Namespace) -> int:
    """One row a resource and the missing rules; status 1 where something is refused or not known."""
    from lib.loaders.cluster.doctor import Permission, examine_login, missing_named, missing_rules
    from lib.loaders.cluster.errors import ClusterError

    if len(arguments.context) > 1:
        raise UsageError("name one context")
    name, connection = connect(ClusterSource(arguments.kubeconfig, next(iter(arguments.context), "")))
    try:
        with connection:
            examined = examine_login(connection)
    except ClusterError as error:
        raise UsageError(str(error)) from None
    rows = [{"resource": e.name, "permission": e.permission.value, "note": e.note} for e in examined]
    rules, named = missing_rules(examined), missing_named(examined)
    if arguments.format == "json":
        head = {"schema": "netatlas.doctor/1", "context": name, "server": connection.server}
        write_json(head, "resources", rows, {"missing_rules": list(rules), "missing_rules_in_kube_system": list(named)})
    else:
        write_rows(arguments.format, rows)
        if arguments.format == "text":
            write(_told(rules, named))
    settled = all(e.permission in (Permission.GRANTED, Permission.NOT_INSTALLED) for e in examined)
    return 0 if settled else 1


Rules = tuple[dict[str, list[str]], ...]


def _told(rules: Rules, named: Rules) -> list[str]:
    if not rules and not named:
        return ["\nNothing is refused. Secrets are never asked for.\n"]
    lines = []
    if rules:
        lines += ["\nMissing in the login's ClusterRole:\n\n", *map(_rule, rules)]
    if named:
        lines += [
            "\nMissing in a Role of the namespace kube-system that is bound to the login:\n\n",
            *map(_rule, named),
        ]
    return lines


def _rule(rule: dict[str, list[str]]) -> str:
    # JSON is YAML too, and quotes what needs it.
    fields = [f"{key}: {json.dumps(value)}" for key, value in rule.items()]
    return "- " + "\n  ".join(fields) + "\n"
