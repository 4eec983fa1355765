"""What there is to tell about an exception."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from taipan.error_page.masking import mask_credentials, mask_source, mask_text
from taipan.error_page.request import RequestFacts
from taipan.error_page.trace import Frame, Trace, describe_place, describe_trace
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
    #: How it led to the one before: `cause`, `context`, `member`; empty for the last one.
    relation: str
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


def describe_error(error: BaseException, request: RequestFacts | None = None) -> ErrorReport:
    """Describes an exception while its frames are there; secrets are masked."""
    related = list(_list_related(error))
    problems = tuple(_describe(*one) for one in related[:_PROBLEM_LIMIT])
    text = _mask_traceback(_format_text(error), [one for one, _ in related])
    return ErrorReport(problems, len(related) - len(problems), text, request)


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


def _list_related(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exception, those that it is made of, and those that led to it; each once."""
    seen: set[int] = set()
    waiting = [(error, "")]
    while waiting:
        one, relation = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one, relation
        members = getattr(one, "exceptions", None)
        if isinstance(members, tuple):
            waiting += [(it, "member") for it in members if isinstance(it, BaseException)]
        if one.__cause__ is not None:
            waiting.append((one.__cause__, "cause"))
        elif one.__context__ is not None and not one.__suppress_context__:
            waiting.append((one.__context__, "context"))


def _describe(error: BaseException, relation: str) -> Problem:
    trace = describe_trace(error.__traceback__)
    place = _find_place(error)
    return Problem(
        _name_kind(error),
        mask_text(shorten(_read_message(error), _MESSAGE_LIMIT)),
        _read_notes(error),
        relation,
        trace if place is None else (*trace, place),
        mask_credentials(shorten(_read_details(error), 16 * _MESSAGE_LIMIT)),
    )


def _name_kind(error: BaseException) -> str:
    kind = type(error)
    module = str(kind.__module__)
    is_short = module in ("builtins", "__main__") or _explains_itself(error)
    return kind.__qualname__ if is_short else f"{module}.{kind.__qualname__}"


def _read_message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError) and error.msg:
            return str(error.msg)
        return str(error)
    except Exception:
        return "(its text cannot be shown)"


def _read_notes(error: BaseException) -> tuple[str, ...]:
    notes = _list_notes(error)[:_NOTE_LIMIT]
    return tuple(mask_text(shorten(note, _MESSAGE_LIMIT)) for note in notes)


def _list_notes(error: BaseException) -> list[str]:
    notes: Any = getattr(error, "__notes__", ())
    known = notes if isinstance(notes, (list, tuple)) else ()
    return [note for note in known if isinstance(note, str)]


def _find_place(error: BaseException) -> Frame | None:
    """Where a syntax error is."""
    if not isinstance(error, SyntaxError) or not isinstance(error.lineno, int):
        return None
    start = (error.offset or 0) - 1
    end = start + 1
    # Equal or smaller ends say that there is none (Python 3.10).
    if getattr(error, "end_lineno", None) == error.lineno:
        end = max(end, (getattr(error, "end_offset", None) or 0) - 1)
    columns = (start, end) if start >= 0 else (0, 0)
    return describe_place(str(error.filename), error.lineno, error.text or "", columns)
