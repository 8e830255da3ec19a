"""How open each workload is, to the Internet and to pods that are yet to come."""

from lib.exposure.peers import ExposedTo, exposed_to
from lib.exposure.sides import Exposure, Isolation, Side, exposures

__all__ = ["ExposedTo", "Exposure", "Isolation", "Side", "exposed_to", "exposures"]
