"""`Http.Regex`: patterns of paths and the functions that answer them."""

from taipan.scripts.pyisapie.url_map import NotFoundError
from taipan.scripts.pyisapie.url_map import RegexMap as Map

__all__ = ["Map", "NotFoundError"]
