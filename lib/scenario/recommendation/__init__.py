"""Recommended NetworkPolicies: what the input shows to be needed, as YAML, with the engine's proof."""

from lib.scenario.recommendation.api_server import API_SERVER_TOGGLE
from lib.scenario.recommendation.coverage import LeftOut
from lib.scenario.recommendation.needs import Basis, Evidence, Need, NotKept, PodGroup, Question, end_text
from lib.scenario.recommendation.permitted import Permitted
from lib.scenario.recommendation.proof import OpenFlow, Proof, ProvenNeed
from lib.scenario.recommendation.recommend import Options, Recommendation, recommend
from lib.scenario.recommendation.stated import StatedNeedsError
from lib.scenario.recommendation.summary import Summary, summarise
from lib.scenario.recommendation.ways import way_of_need
from lib.scenario.recommendation.writing import MANAGED_BY

__all__ = [
    "API_SERVER_TOGGLE",
    "MANAGED_BY",
    "Basis",
    "Evidence",
    "LeftOut",
    "Need",
    "NotKept",
    "OpenFlow",
    "Options",
    "Permitted",
    "PodGroup",
    "Proof",
    "ProvenNeed",
    "Question",
    "Recommendation",
    "StatedNeedsError",
    "Summary",
    "end_text",
    "recommend",
    "summarise",
    "way_of_need",
]
