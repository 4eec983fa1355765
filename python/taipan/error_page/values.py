"""Shows values of variables: bounded in length and time, whatever their `__repr__` does."""

from __future__ import annotations

import array
import collections
import contextvars
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Callable, Final

from taipan.error_page.masking import MASK, is_secret, mask_text
from taipan.native import NativeThread, allocate_lock

#: Most characters of a value, and of all values of a page.
VALUE_LIMIT: Final = 1000
_TOTAL_LIMIT: Final = 400_000
_TEXT_LIMIT: Final = 400
_ITEM_LIMIT: Final = 30
_DEPTH_LIMIT: Final = 4
_BIT_LIMIT: Final = 4000

#: Time for values in one thread, and how many threads may be tried for a page.
_SECONDS: Final = 0.4
_ATTEMPTS: Final = 3
#: Most threads at a time that hang in a `__repr__`.
_HANGING_LIMIT: Final = 8

NOT_SHOWN: Final = "(not shown: its __repr__ did not return in time)"
_LEFT_OUT: Final = "(not shown)"

#: Names with their values.
Named = Sequence[tuple[str, object]]


class _OutOfTime(BaseException):
    """Raised in a `__repr__` that takes too long."""


def format_values(variables: Named) -> list[str]:
    """The values as text; in a thread of its own, so that none can hang the caller."""
    texts: list[str] = []
    attempts = 0
    while len(texts) < len(variables) and attempts < _ATTEMPTS:
        attempts += 1
        taken = _Formatting(variables[len(texts) :]).take()
        if taken is None:
            break
        texts += taken
        if len(texts) < len(variables):
            texts.append(NOT_SHOWN)
    return texts + [_LEFT_OUT] * (len(variables) - len(texts))


class _Formatting:
    """Formats values in a thread until its time is over."""

    _unfinished: Final[list[_Formatting]] = []
    _lock: Final = allocate_lock()

    def __init__(self, variables: Named) -> None:
        self._variables = variables
        self._texts: list[str] = []
        self._is_over = False
        self._is_done = False

    def take(self) -> list[str] | None:
        """The texts of the first values, as far as they could be had; None when too many hang."""
        with self._lock:
            self._unfinished[:] = [one for one in self._unfinished if not one._is_done]
            if len(self._unfinished) >= _HANGING_LIMIT:
                return None
            self._unfinished.append(self)
        run = contextvars.copy_context().run
        # Not listed, because applications look at the threads that there are.
        thread = NativeThread(run, "taipan-values", (self._run,), listed=False)
        thread.start()
        thread.join(_SECONDS)
        with self._lock:
            # A loop in Python code ends now; what waits in C code stays until it returns.
            self._is_over = True
            return list(self._texts)

    def _run(self) -> None:
        # Not by an exception from outside: until that comes, CPython 3.11 hangs under a tracer.
        sys.settrace(self._trace)
        try:
            self._format_all()
        except _OutOfTime:
            pass
        finally:
            sys.settrace(None)
            self._is_done = True

    def _trace(self, _frame: object, _event: str, _argument: object) -> Any:
        if self._is_over:
            raise _OutOfTime
        return self._trace

    def _format_all(self) -> None:
        left = _TOTAL_LIMIT
        for name, value in self._variables:
            text = format_value(name, value) if left > 0 else _LEFT_OUT
            left -= len(text)
            with self._lock:
                if self._is_over:
                    return
                self._texts.append(text)


def format_value(name: str, value: object) -> str:
    """The value as text, masked if the name or the text tells a secret."""
    try:
        if value is not None and is_secret(name):
            return MASK
        return mask_text(_cut(_format(value, _DEPTH_LIMIT), VALUE_LIMIT))
    except Exception as error:
        return f"({type(value).__name__} that cannot be shown: {type(error).__name__})"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… {len(text) - limit} more"


def _format(value: Any, depth: int) -> str:
    known = _KNOWN.get(type(value).__repr__)
    return repr(value) if known is None else known(value, depth)


def _format_text(value: Any, _depth: int) -> str:
    # Of the builtin types, because a subclass may have its own.
    base: Any = next(base for base in (str, bytes, bytearray) if isinstance(value, base))
    size = base.__len__(value)
    shown = repr(base(base.__getitem__(value, slice(_TEXT_LIMIT))))
    return shown if size <= _TEXT_LIMIT else f"{shown}… {size - _TEXT_LIMIT} more"


def _format_int(value: int, _depth: int) -> str:
    bits = int.bit_length(value)
    return int.__repr__(value) if bits <= _BIT_LIMIT else f"(int of {bits} bits)"


def _format_list(value: Sequence[object], depth: int) -> str:
    return f"[{_join(_items(value, depth), len(value))}]"


def _format_tuple(value: Sequence[object], depth: int) -> str:
    comma = "," if len(value) == 1 else ""
    return f"({_join(_items(value, depth), len(value))}{comma})"


def _format_set(value: Any, depth: int) -> str:
    if not value:
        return f"{type(value).__name__}()"
    inner = f"{{{_join(_items(value, depth), len(value))}}}"
    return inner if isinstance(value, set) else f"{type(value).__name__}({inner})"


def _format_dict(value: dict[object, object], depth: int) -> str:
    return f"{{{_join(_pairs(value, depth), len(value))}}}"


def _format_named_dict(value: dict[object, object], depth: int) -> str:
    return f"{type(value).__name__}({_format_dict(value, depth)})"


def _format_named(value: Any, depth: int) -> str:
    return f"{type(value).__name__}([{_join(_items(value, depth), len(value))}])"


def _items(value: Iterable[object], depth: int) -> Iterator[str]:
    """Items; of a pair with a secret name, as of a header, only the name."""
    pair = list(value) if isinstance(value, (list, tuple)) and len(value) == 2 else []
    if pair and _is_secret_key(pair[0]) and isinstance(pair[1], (str, bytes)):
        yield from (_format(pair[0], depth - 1), MASK)
        return
    for item in value:
        yield _format(item, depth - 1) if depth > 0 else "…"


def _pairs(value: dict[object, object], depth: int) -> Iterator[str]:
    for key, item in dict.items(value):
        if item is not None and _is_secret_key(key):
            shown = MASK
        else:
            shown = _format(item, depth - 1) if depth > 0 else "…"
        yield f"{_format(key, depth - 1)}: {shown}"


def _is_secret_key(key: object) -> bool:
    if isinstance(key, bytes):
        return is_secret(key[:200].decode("latin-1"))
    return isinstance(key, str) and is_secret(key)


def _join(parts: Iterable[str], size: int) -> str:
    shown = list(islice(parts, _ITEM_LIMIT))
    if size > len(shown):
        shown.append(f"… {size - len(shown)} more")
    return ", ".join(shown)


#: By the `__repr__` that a type has or inherits. Those of big objects cannot be interrupted.
_KNOWN: Final[dict[Any, Callable[[Any, int], str]]] = {
    str.__repr__: _format_text,
    bytes.__repr__: _format_text,
    bytearray.__repr__: _format_text,
    int.__repr__: _format_int,
    list.__repr__: _format_list,
    tuple.__repr__: _format_tuple,
    set.__repr__: _format_set,
    frozenset.__repr__: _format_set,
    dict.__repr__: _format_dict,
    type({}.keys()).__repr__: _format_named,
    type({}.values()).__repr__: _format_named,
    type({}.items()).__repr__: _format_named,
    array.array.__repr__: _format_named,
    collections.deque.__repr__: _format_named,
    collections.defaultdict.__repr__: _format_named_dict,
    collections.OrderedDict.__repr__: _format_named_dict,
    collections.Counter.__repr__: _format_named_dict,
}
