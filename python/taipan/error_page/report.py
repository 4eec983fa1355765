"""What there is to tell about an exception."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from taipan.error_page.masking import mask_credentials, mask_source, mask_text
from taipan.error_page.request import RequestFacts
from taipan.error_page.secret_values import conceal, find_secrets
from taipan.error_page.source import Span
from taipan.error_page.trace import Frame, Trace, describe_place, describe_trace
from taipan.module_names import plain_name, plain_text
from taipan.tracebacks import format_exception, shorten

_MESSAGE_LIMIT: Final = 4000
_NOTE_LIMIT: Final = 20
_TEXT_LIMIT: Final = 100_000
#: Most exceptions, with those in groups.
_PROBLEM_LIMIT: Final = 20


class Problem(NamedTuple):
    """An exception."""

    kind: str
    message: str
    notes: tuple[str, ...]
    #: How it belongs to another one, as in `KeyError was raised because of`; may be empty.
    lead: str
    #: In how many groups it is.
    depth: int
    trace: Trace
    #: More text of an error that has no traceback of its own; may be empty.
    details: str


class ErrorReport(NamedTuple):
    """An exception with those that led to it, the last one first."""

    problems: tuple[Problem, ...]
    #: How many exceptions are not in `problems`.
    others: int
    #: Python's traceback.
    text: str
    request: RequestFacts | None


class _Related(NamedTuple):
    """An exception, and why it is told about."""

    error: BaseException
    lead: str = ""
    depth: int = 0


def describe_error(error: BaseException, request: RequestFacts | None = None) -> ErrorReport:
    """Describes an exception while its frames are there; secrets are masked."""
    related = list(_list_related(error))
    errors = [one.error for one in related]
    problems = tuple(map(_describe, related[:_PROBLEM_LIMIT]))
    text = _mask_traceback(_format_text(error), errors)
    report = ErrorReport(problems, len(related) - len(problems), text, request)
    of_request = () if request is None else request.secrets
    return conceal(report, find_secrets(errors).union(of_request))


def _mask_traceback(text: str, errors: list[BaseException]) -> str:
    """Masks messages and notes as texts, and all else as source."""
    told = [text for one in errors for text in (_read_message(one), *_list_notes(one)) if text]
    is_cut = len(text) > _TEXT_LIMIT
    text = mask_source(shorten(text, _TEXT_LIMIT))
    if is_cut or any("\n" in one for one in told):
        # In parts, or indented.
        return mask_text(text)
    for one in dict.fromkeys(told):
        text = text.replace(one, mask_text(one))
    return text


def _format_text(error: BaseException) -> str:
    if _has_details(error):
        return f"{error}\n{_read_details(error)}".rstrip() + "\n"
    return format_exception(error)


def _explains_itself(error: BaseException) -> bool:
    """Whether it is one of Taipan's own."""
    return str(type(error).__module__).startswith("taipan.")


def _has_details(error: BaseException) -> bool:
    """Whether it has details in place of a traceback that would tell something."""
    return _explains_itself(error) and error.__cause__ is None


def _read_details(error: BaseException) -> str:
    return str(getattr(error, "details", "")) if _has_details(error) else ""


def _list_related(error: BaseException) -> Iterator[_Related]:
    """The exception, those that it is made of, and those that led to it; each once."""
    seen: set[int] = set()
    waiting = [_Related(error)]
    while waiting:
        one = waiting.pop()
        if id(one.error) in seen:
            continue
        seen.add(id(one.error))
        yield one
        waiting += reversed([*_list_members(one), *_list_origins(one)])


def _list_members(one: _Related) -> Iterator[_Related]:
    members = _read_attribute(one.error, "exceptions")
    if not isinstance(members, tuple):
        return
    for number, member in enumerate(members, 1):
        if isinstance(member, BaseException):
            lead = f"{number} of {len(members)} in {_name_kind(one.error)}:"
            yield _Related(member, lead, one.depth + 1)


def _list_origins(one: _Related) -> Iterator[_Related]:
    error, name = one.error, _name_kind(one.error)
    if error.__cause__ is not None:
        yield _Related(error.__cause__, f"{name} was raised because of", one.depth)
    elif error.__context__ is not None and not error.__suppress_context__:
        lead = f"{name} was raised while this was handled:"
        yield _Related(error.__context__, lead, one.depth)


def _describe(one: _Related) -> Problem:
    error = one.error
    trace = describe_trace(error.__traceback__)
    place = _find_place(error)
    return Problem(
        _name_kind(error),
        mask_text(shorten(_read_message(error), _MESSAGE_LIMIT)),
        _read_notes(error),
        one.lead,
        one.depth,
        trace if place is None else (*trace, place),
        mask_credentials(shorten(_read_details(error), 16 * _MESSAGE_LIMIT)),
    )


def _name_kind(error: BaseException) -> str:
    kind = type(error)
    module = plain_name(str(kind.__module__))
    is_short = module in ("builtins", "__main__") or _explains_itself(error)
    return kind.__qualname__ if is_short else f"{module}.{kind.__qualname__}"


def _read_message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError) and error.msg:
            return str(error.msg)
        return plain_text(str(error))
    except BaseException:
        return "(its text cannot be shown)"


def _read_notes(error: BaseException) -> tuple[str, ...]:
    notes = _list_notes(error)[:_NOTE_LIMIT]
    return tuple(mask_text(shorten(note, _MESSAGE_LIMIT)) for note in notes)


def _list_notes(error: BaseException) -> list[str]:
    notes = _read_attribute(error, "__notes__")
    known = notes if isinstance(notes, (list, tuple)) else ()
    return [note for note in known if isinstance(note, str)]


def _read_attribute(error: BaseException, name: str) -> Any:
    """None if there is none, or if it cannot be had."""
    try:
        return getattr(error, name, None)
    except BaseException:
        return None


def _find_place(error: BaseException) -> Frame | None:
    """Where a syntax error is."""
    if not isinstance(error, SyntaxError) or not isinstance(error.lineno, int):
        return None
    start = (error.offset or 0) - 1
    end = start + 1
    # Equal or smaller ends say that there is none (Python 3.10).
    if getattr(error, "end_lineno", None) == error.lineno:
        end = max(end, (getattr(error, "end_offset", None) or 0) - 1)
    span = Span(start, error.lineno, end) if start >= 0 else None
    return describe_place(str(error.filename), error.lineno, error.text or "", span)
