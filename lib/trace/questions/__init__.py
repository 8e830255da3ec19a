"""The question that traces a row of a table: what the row is about, as the two ends that a person would write.

Every table asks here, so that rows about one thing lead to one trace. Of a row with several, such as a Service with
many ports, it is the first; the trace's own page offers the others.
"""

from lib.trace.questions.azure import (
    of_door,
    of_frontend,
    of_packet,
    of_probe,
    of_record,
    of_rules,
    of_security_rule,
    of_sender,
    of_usage,
)
from lib.trace.questions.beside import beside
from lib.trace.questions.egress import of_destination, of_exposed_to, of_left_out, of_reach, of_way_out
from lib.trace.questions.ends import NOWHERE, Ends, can_be_asked
from lib.trace.questions.flows import between_namespaces, of_explanation, of_flow, to_addresses, with_port
from lib.trace.questions.objects import (
    Cluster,
    leaving,
    of_arrival,
    of_endpoint,
    of_exposure,
    of_finding,
    of_flow_row,
    of_node,
    of_object,
    of_open_workload,
    of_policy,
    of_route,
    of_service,
    of_workload,
    url_of,
)

__all__ = [
    "NOWHERE",
    "Cluster",
    "Ends",
    "beside",
    "between_namespaces",
    "can_be_asked",
    "leaving",
    "of_arrival",
    "of_destination",
    "of_door",
    "of_endpoint",
    "of_explanation",
    "of_exposed_to",
    "of_exposure",
    "of_finding",
    "of_flow",
    "of_flow_row",
    "of_frontend",
    "of_left_out",
    "of_node",
    "of_object",
    "of_open_workload",
    "of_packet",
    "of_policy",
    "of_probe",
    "of_reach",
    "of_record",
    "of_route",
    "of_rules",
    "of_security_rule",
    "of_sender",
    "of_service",
    "of_usage",
    "of_way_out",
    "of_workload",
    "to_addresses",
    "url_of",
    "with_port",
]
