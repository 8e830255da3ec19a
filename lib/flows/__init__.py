"""The rows that pages and command line list: permitted flows, and matrices of them."""

from lib.flows.classes import ClassFlows, WorkloadClass, class_flows
from lib.flows.matrix import MatrixCell, MatrixState, NamespaceMatrix, namespace_matrix, workload_matrix
from lib.flows.names import unknown_for_names
from lib.flows.rows import FlowRow, RowVerdict, flow_rows, to_json
from lib.model.refs import INGRESS_CONTROLLER

__all__ = [
    "INGRESS_CONTROLLER",
    "ClassFlows",
    "FlowRow",
    "MatrixCell",
    "MatrixState",
    "NamespaceMatrix",
    "RowVerdict",
    "WorkloadClass",
    "class_flows",
    "flow_rows",
    "namespace_matrix",
    "to_json",
    "unknown_for_names",
    "workload_matrix",
]
