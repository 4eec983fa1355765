"""Frames of a traceback, with their source and variables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from types import CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any, Final, NamedTuple, Union

from taipan.error_page.source import Excerpt, Span, load_lines, make_excerpt
from taipan.error_page.values import format_values
from taipan.places import is_library, shorten_path
from taipan.tracebacks import is_own, shorten

_FIRST: Final = 15
_LAST: Final = 25
_WALK_LIMIT: Final = 100_000
#: Most calls that repeat together, and how often they must occur to be left out.
_PERIOD_LIMIT: Final = 8
_OCCURRENCES: Final = 4
_VARIABLE_LIMIT: Final = 40
_NAME_LIMIT: Final = 200


class Variable(NamedTuple):
    """A name and its value as text."""

    name: str
    value: str


class Frame(NamedTuple):
    """A call; also the place of a syntax error, which has no function."""

    path: str
    #: The path for people.
    shown: str
    line: int
    #: In its line, from 1; 1 also where that is not known.
    column: int
    function: str
    is_library: bool
    excerpt: Excerpt | None
    variables: tuple[Variable, ...]
    #: Number of variables that are not in `variables`.
    others: int


class Gap(NamedTuple):
    """Calls that are left out."""

    text: str


Trace = tuple[Union[Frame, Gap], ...]


class _Call(NamedTuple):
    frame: FrameType
    line: int
    instruction: int


def describe_trace(tb: TracebackType | None) -> Trace:
    """The frames without those of Taipan, most recent call last."""
    entries = _limit(_collapse(list(_walk(tb))))
    calls = [entry for entry in entries if not isinstance(entry, Gap)]
    described = iter(_describe_calls(calls))
    return tuple(entry if isinstance(entry, Gap) else next(described) for entry in entries)


def describe_place(path: str, line: int, text: str, span: Span | None) -> Frame:
    """The place of a syntax error; `text` is its line, if the file cannot be read."""
    excerpt = make_excerpt(load_lines(path), line, span)
    if excerpt is None and text:
        excerpt = make_excerpt([text], 1, span and span._replace(last=1))
        excerpt = excerpt and excerpt._replace(first=line, marked=line)
    column = 1 if span is None else span.start + 1
    shown = shorten_path(path)
    return Frame(path, shown, line, column, "", is_library(path), excerpt, (), 0)


def _walk(tb: TracebackType | None) -> Iterator[_Call]:
    for _ in range(_WALK_LIMIT):
        if tb is None:
            return
        if not is_own(tb.tb_frame.f_code.co_filename):
            yield _Call(tb.tb_frame, tb.tb_lineno, tb.tb_lasti)
        tb = tb.tb_next


def _collapse(calls: Sequence[_Call]) -> list[_Call | Gap]:
    """Leaves out what a recursion repeats, all but its first and last occurrence."""
    places = [(call.frame.f_code, call.line) for call in calls]
    entries: list[_Call | Gap] = []
    at = 0
    while at < len(calls):
        period, count = _find_repetition(places, at)
        if count < _OCCURRENCES:
            entries.append(calls[at])
            at += 1
            continue
        end = at + period * count
        what = "the same call" if period == 1 else f"the same {period} calls"
        entries += calls[at : at + period]
        entries.append(Gap(f"{what}, {count - 2} more times"))
        entries += calls[end - period : end]
        at = end
    return entries


def _find_repetition(places: Sequence[object], at: int) -> tuple[int, int]:
    """The number of places that repeat from `at` on, and how often they occur."""
    for period in range(1, _PERIOD_LIMIT + 1):
        end = at + period
        while end < len(places) and places[end] == places[end - period]:
            end += 1
        count = (end - at) // period
        if count >= _OCCURRENCES:
            return period, count
    return 1, 1


def _limit(entries: list[_Call | Gap]) -> list[_Call | Gap]:
    left_out = len(entries) - _FIRST - _LAST
    if left_out <= 1:
        return entries
    return [*entries[:_FIRST], Gap(f"{left_out} calls are left out"), *entries[-_LAST:]]


def _describe_calls(calls: Sequence[_Call]) -> list[Frame]:
    named = [_select_variables(call.frame) for call in calls]
    # The user's first, and those near the error: there may be no time for all.
    order = sorted(
        range(len(calls)), key=lambda at: (is_library(calls[at].frame.f_code.co_filename), -at)
    )
    chosen = [(at, name, value) for at in order for name, value in named[at][:_VARIABLE_LIMIT]]
    variables: list[list[Variable]] = [[] for _ in calls]
    texts = format_values([(name, value) for _, name, value in chosen])
    for (at, name, _), text in zip(chosen, texts):
        variables[at].append(Variable(shorten(name, _NAME_LIMIT), text))
    return [
        _describe_call(call, tuple(variables[at]), len(named[at]) - len(variables[at]))
        for at, call in enumerate(calls)
    ]


def _describe_call(call: _Call, variables: tuple[Variable, ...], others: int) -> Frame:
    code = call.frame.f_code
    path = code.co_filename
    lines = load_lines(path, call.frame.f_globals)
    span = _find_span(call, lines)
    return Frame(
        path,
        shorten_path(path),
        call.line,
        1 if span is None else span.start + 1,
        shorten(_name_function(code), _NAME_LIMIT),
        is_library(path),
        make_excerpt(lines, call.line, span),
        variables,
        others,
    )


def _name_function(code: CodeType) -> str:
    """Templates of Jinja say what they are in the plain name alone."""
    qualified = str(getattr(code, "co_qualname", code.co_name))
    return qualified if qualified.endswith(code.co_name) else code.co_name


def _select_variables(frame: FrameType) -> list[tuple[str, object]]:
    named = [
        (str(name), value)
        for name, value in list(frame.f_locals.items())
        if str(name)[:1].isidentifier() and not str(name).startswith("__")
    ]
    if frame.f_code.co_name != "<module>":
        return named
    # Not by isinstance, which asks the value.
    definitions = {ModuleType, FunctionType, type}
    return [(name, value) for name, value in named if type(value) not in definitions]


def _find_span(call: _Call, lines: Sequence[str]) -> Span | None:
    """What is executed from the line on; None if that is not known (before Python 3.11)."""
    positions: Any = getattr(call.frame.f_code, "co_positions", None)
    # Frames that Jinja makes for templates are of a line that only raises.
    if positions is None or "__jinja_exception__" in call.frame.f_globals:
        return None
    first, last, start, end = next(
        islice(positions(), call.instruction // 2, None), (None, None, None, None)
    )
    if first != call.line or last is None or start is None or end is None:
        return None
    if not 1 <= first <= last <= len(lines):
        return None
    return Span(_count(lines[first - 1], start), last, _count(lines[last - 1], end))


def _count(line: str, size: int) -> int:
    """Characters in so many bytes."""
    return len(line.encode("utf-8", "replace")[:size].decode("utf-8", "replace"))
