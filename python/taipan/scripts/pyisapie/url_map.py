"""Maps of URLs to functions by regular expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, NamedTuple, Union

from taipan.scripts.pyisapie.request import require_isapi
from taipan.scripts.pyisapie.variables import url_path

#: URLs whose rule is remembered; clients choose them.
_LIMIT = 1024

#: A function, or its name with that of its module.
Target = Union[str, Callable[..., Any]]


class NotFoundError(Exception):
    """No rule has matched; the answer is a 404 if nobody catches it."""


class Rule(NamedTuple):
    """Calls a function for what a pattern finds."""

    find: Callable[[str], re.Match[str] | None]
    function: Callable[..., Any]


class UrlMap:
    """Calls the function of the first pattern that matches the path, with its groups."""

    def __init__(
        self,
        rules: Iterable[Rule],
        not_found: Target | None = None,
        *,
        named: bool = False,
    ) -> None:
        self._rules = tuple(rules)
        self._not_found = None if not_found is None else find_function(not_found)
        #: Groups with names become keywords.
        self._named = named
        self._known: dict[str, Callable[[], Any]] = {}

    def __call__(self) -> Any:
        """Answers the present request. Raises `NotFoundError`."""
        path = url_path(require_isapi().script)
        known = self._known.get(path)
        return self._find(path)() if known is None else known()

    def _find(self, path: str) -> Callable[[], Any]:
        for rule in self._rules:
            match = rule.find(path)
            if match is not None:
                if len(self._known) >= _LIMIT:
                    self._known.clear()
                call = self._known[path] = self._bind(rule, match)
                return call
        if self._not_found is None:
            raise NotFoundError(path)
        function = self._not_found
        return lambda: function(path)

    def _bind(self, rule: Rule, match: re.Match[str]) -> Callable[[], Any]:
        keywords = match.groupdict() if self._named else {}
        at = set(match.re.groupindex.values()) if self._named else set()
        groups = [group for index, group in enumerate(match.groups(), 1) if index not in at]
        return lambda: rule.function(*groups, **keywords)


class RegexMap(UrlMap):
    """Patterns are matched from the start of the path; what none matches passes on.

    `NotFound` is called with such a path instead.
    """

    def __init__(self, MapURL: Mapping[str, Target], NotFound: Target | None = None) -> None:
        rules = (
            Rule(re.compile(pattern).match, find_function(target))
            for pattern, target in MapURL.items()
        )
        super().__init__(rules, NotFound or (lambda path: True), named=True)


class AdvancedMap(UrlMap):
    """Patterns are searched for in the path, in the order of the map.

    The map is a dictionary or a list of them. A key whose value is a dictionary names the module
    of what is in it; `Prefix` is put before all names. What no pattern finds is a 404, unless
    `NotFound` answers it.
    """

    def __init__(self, Maps: object, Prefix: str = "", NotFound: Target | None = None) -> None:
        rules = (
            Rule(re.compile(pattern).search, find_function(target))
            for pattern, target in flatten(Maps, Prefix)
        )
        super().__init__(rules, NotFound)


def flatten(maps: object, prefix: str = "") -> Iterator[tuple[str, Target]]:
    """Patterns and targets of maps in lists and by names of modules. Raises `ValueError`."""
    if isinstance(maps, (list, tuple)):
        for item in maps:
            yield from flatten(item, prefix)
        return
    if not isinstance(maps, Mapping):
        raise ValueError(f"a URL map is a dictionary or a list of them, not {maps!r}")
    for key, value in maps.items():
        if isinstance(value, (Mapping, list, tuple)):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield key, prefix + value if isinstance(value, str) else value


def find_function(target: Target) -> Callable[..., Any]:
    """The function that a target names. Raises `ValueError`, and what importing raises."""
    if callable(target):
        return target
    module, dot, name = target.rpartition(".")
    if not dot:
        raise ValueError(f"{target!r} names no function of a module; write it like 'pages.home'")
    modules = require_isapi().interpreter.modules
    found = getattr(modules.import_module(module, fromlist=("",)), name)
    if not callable(found):
        raise ValueError(f"{target} is no function")
    function: Callable[..., Any] = found
    return function
