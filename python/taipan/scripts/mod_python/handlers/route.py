"""What the configuration of a route of mod_python says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taipan.loader.errors import TargetError
from taipan.scripts.mod_python.handlers.authorization import find_authorization
from taipan.scripts.mod_python.handlers.directive import Directive, HandlerName, parse_directive
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.mod_python.handlers.phases import EARLY_PHASES, HANDLER, PHASES

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
        self.input_filters = _filters_of(config, "input")
        self.output_filters = _filters_of(config, "output")
        self.has_filters = bool(self.input_filters or self.output_filters)
        self.debug = bool(config["debug"])

    def check(self, importer: Importer) -> list[str]:
        """The files of all handlers. Raises `TargetError` for one that is not there."""
        files: dict[str, None] = {}
        for name, usual in self._all_handlers():
            files[importer.check(name, usual)] = None
        return [file for file in files if file]

    def _all_handlers(self) -> list[tuple[HandlerName, str]]:
        phases = [
            (name, phase.function)
            for phase in PHASES
            for name in self.directives.get(phase.key, Directive()).handlers
        ]
        filters = [(name, INPUT_FILTER) for name in self.input_filters]
        filters += [(name, OUTPUT_FILTER) for name in self.output_filters]
        return phases + filters


def _parse(key: str, text: str) -> Directive:
    try:
        return parse_directive(text)
    except TargetError as error:
        place = "handler" if key == HANDLER.key else f"phases.{key}"
        raise TargetError(f"modPython.{place}: {error}") from None


def _filters_of(config: Mapping[str, Any], way: str) -> tuple[HandlerName, ...]:
    found: list[HandlerName] = []
    for text in config["filters"][way]:
        try:
            found += parse_directive(text).handlers
        except TargetError as error:
            raise TargetError(f"modPython.filters.{way}: {error}") from None
    return tuple(found)
