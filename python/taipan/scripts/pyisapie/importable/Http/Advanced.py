"""`Http.Advanced`: maps of URLs within maps."""

from taipan.scripts.pyisapie.url_map import AdvancedMap as Map
from taipan.scripts.pyisapie.url_map import NotFoundError

__all__ = ["Map", "NotFoundError"]
