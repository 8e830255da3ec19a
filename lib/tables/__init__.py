"""Results as rows for pages, exports and the command line.

A row is a dict from a stable column name to text, a number or None; every row of a table has the same columns in the
same order. What is faulty comes first. ``source`` is ``file:line``, through the ``locate`` that the caller hands in.
"""

from lib.tables.assertions import assertion_json, assertion_rows
from lib.tables.changes import (
    arrival_change_rows,
    cause_texts,
    flow_change_rows,
    migration_rows,
    route_change_rows,
    side_effect_rows,
    tally_rows,
)
from lib.tables.entry_points import entry_point_rows
from lib.tables.exposure import exposed_to_json, exposed_to_rows, exposure_rows
from lib.tables.findings import finding_rows
from lib.tables.flows import explanation_rows, flow_table, matrix_rows, near_miss_rows
from lib.tables.lint import lint_json, lint_rows, place_json
from lib.tables.plan import comparison_rows, limit_rows, plan_problem_rows, pool_rows, subnet_rows
from lib.tables.policies import policy_rows
from lib.tables.recommendation import (
    effect_rows,
    evidence_json,
    left_out_rows,
    need_rows,
    not_kept_rows,
    open_rows,
    question_rows,
)
from lib.tables.routes import candidate_rows, route_rows
from lib.tables.row import Locate, Row
from lib.tables.services import backend_rows, port_rows, service_rows
from lib.tables.workloads import unisolated_rows

__all__ = [
    "Locate",
    "Row",
    "arrival_change_rows",
    "assertion_json",
    "assertion_rows",
    "backend_rows",
    "candidate_rows",
    "cause_texts",
    "comparison_rows",
    "effect_rows",
    "entry_point_rows",
    "evidence_json",
    "explanation_rows",
    "exposed_to_json",
    "exposed_to_rows",
    "exposure_rows",
    "finding_rows",
    "flow_change_rows",
    "flow_table",
    "left_out_rows",
    "limit_rows",
    "lint_json",
    "lint_rows",
    "matrix_rows",
    "migration_rows",
    "near_miss_rows",
    "need_rows",
    "not_kept_rows",
    "open_rows",
    "place_json",
    "plan_problem_rows",
    "policy_rows",
    "pool_rows",
    "port_rows",
    "question_rows",
    "route_change_rows",
    "route_rows",
    "service_rows",
    "side_effect_rows",
    "subnet_rows",
    "tally_rows",
    "unisolated_rows",
]
