"""What the configuration of a route of mod_python says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taipan.loader.errors import TargetError
from taipan.scripts.mod_python.handlers.authorization import find_authorization
from taipan.scripts.mod_python.handlers.directive import Directive, HandlerName, parse_directive
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.mod_python.handlers.phases import (
    CLEANUP,
    EARLY_PHASES,
    HANDLER,
    LOG,
    PHASES,
)

#: Usual names of filters.
INPUT_FILTER = "inputfilter"
OUTPUT_FILTER = "outputfilter"


class HandlerRoute:
    """Parsed once for all requests. `config` is as in `src/core/legacy-server.ts`."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        written = {**config["phases"], HANDLER.key: config.get("handler")}
        #: By the keys of phases.
        self.directives: dict[str, Directive] = {
            key: _parse(key, text) for key, text in written.items() if text
        }
        self.authorization = find_authorization(config, asks="authen" in self.directives)
        #: Some phase comes before that of the handler.
        self.has_early = self.authorization is not None or any(
            phase.key in self.directives for phase in EARLY_PHASES
        )
        #: Some phase comes after the response.
        self.has_late = LOG.key in self.directives or CLEANUP.key in self.directives
        self.input_filters = _filters_of(config, "input")
        self.output_filters = _filters_of(config, "output")
        self.has_filters = bool(self.input_filters or self.output_filters)
        self.debug = bool(config["debug"])

    def check(self, importer: Importer) -> list[str]:
        """The files of all handlers. Raises `TargetError` for one that is not there."""
        files: dict[str, None] = {}
        for place, name, usual in self._all_handlers():
            try:
                files[importer.check(name, usual)] = None
            except TargetError as error:
                raise TargetError(f"modPython.{place}: {error}") from None
        return [file for file in files if file]

    def _all_handlers(self) -> Iterator[tuple[str, HandlerName, str]]:
        """With the option that has them, and the usual names of functions."""
        for phase in PHASES:
            for name in self.directives.get(phase.key, Directive()).handlers:
                yield _place_of(phase.key), name, phase.function
        for name in self.input_filters:
            yield "filters.input", name, INPUT_FILTER
        for name in self.output_filters:
            yield "filters.output", name, OUTPUT_FILTER


def _parse(key: str, text: str) -> Directive:
    try:
        return parse_directive(text)
    except TargetError as error:
        raise TargetError(f"modPython.{_place_of(key)}: {error}") from None


def _place_of(key: str) -> str:
    return "handler" if key == HANDLER.key else f"phases.{key}"


def _filters_of(config: Mapping[str, Any], way: str) -> tuple[HandlerName, ...]:
    found: list[HandlerName] = []
    for text in config["filters"][way]:
        try:
            found += parse_directive(text).handlers
        except TargetError as error:
            raise TargetError(f"modPython.filters.{way}: {error}") from None
    return tuple(found)
