"""How open each workload is, to the Internet and to pods that are yet to come."""

from lib.exposure.peers import exposed_to
from lib.exposure.row import ExposedTo, Ports
from lib.exposure.sides import Exposure, Isolation, Side, exposures

__all__ = ["ExposedTo", "Exposure", "Isolation", "Ports", "Side", "exposed_to", "exposures"]
