"""Distinguishes WSGI and ASGI applications without calling them."""

from __future__ import annotations

import functools
import inspect
import sys
from types import CodeType
from typing import Any, Callable, NamedTuple

Application = Callable[..., Any]


class Interface(NamedTuple):
    """How an application is called, and its callable for that."""

    #: `wsgi` or `asgi`.
    name: str
    application: Application
    #: The kind of it for people, if there are several.
    detail: str


def find_interface(value: Any) -> Interface:
    """The interface of a callable; WSGI if nothing indicates another."""
    if inspect.isclass(value):
        return _of_class(value)
    if _is_async(value):
        return Interface("asgi", value, "")
    needed, taken = count_arguments(value)
    if taken >= 3 and needed in (1, 3):
        return Interface("asgi", value, "")
    if needed == taken == 1 and _is_double(value):
        return Interface("asgi", _single(value), "ASGI 2")
    if needed == 0 and taken >= 3:
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None and find_interface(inspect.unwrap(value)).name == "asgi":
            return Interface("asgi", value, "")
    return Interface("wsgi", value, "")


def force_interface(value: Any, name: str) -> Interface | None:
    """The callable as an application of this interface; None if that is impossible."""
    found = find_interface(value)
    if found.name == name:
        return found
    if name == "wsgi":
        possible = not (_is_async(value) or inspect.isclass(value)) and can_take(value, 2)
        return Interface("wsgi", value, "") if possible else None
    if can_take(value, 3):
        return Interface("asgi", value, "")
    if can_take(value, 1):
        return Interface("asgi", _single(value), "ASGI 2")
    return None


def can_take(value: Any, count: int) -> bool:
    """Whether it can be called with `count` positional arguments, as far as is known."""
    needed, taken = count_arguments(value)
    return needed <= count <= taken


def count_arguments(value: Any) -> tuple[int, int]:
    """The number of positional arguments it needs and accepts; any number if unknown."""
    try:
        signature = inspect.signature(_callable_of(value), follow_wrapped=False)
    except (TypeError, ValueError):
        return 0, 1000
    needed = taken = 0
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            taken = 1000
        elif parameter.kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            taken += 1
            needed += parameter.default is inspect.Parameter.empty
        elif (
            parameter.kind is inspect.Parameter.KEYWORD_ONLY
            and parameter.default is inspect.Parameter.empty
        ):
            return 1000, 0
    return needed, taken


def _of_class(value: type) -> Interface:
    """The interface of a class, which is called for each request."""
    needed, taken = count_arguments(value)
    call = inspect.getattr_static(value, "__call__", None)
    if needed == 1 <= taken and inspect.iscoroutinefunction(call):
        return Interface("asgi", _single(value), "ASGI 2")
    if needed == 3 and hasattr(value, "__await__"):
        return Interface("asgi", value, "")
    return Interface("wsgi", value, "")


def _is_async(value: Any) -> bool:
    """Whether calling it returns a coroutine."""
    function = _callable_of(value)
    while isinstance(function, functools.partial):
        function = _callable_of(function.func)
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
        or _is_marked(function)
        or _is_marked(value)
    )


def _is_marked(value: Any) -> bool:
    """Whether older versions of Python and asgiref have made it a coroutine function."""
    # Whoever marks functions has imported the module, which is large.
    mark = getattr(sys.modules.get("asyncio.coroutines"), "_is_coroutine", None)
    return mark is not None and getattr(value, "_is_coroutine", None) is mark


def _callable_of(value: Any) -> Any:
    """The function or method that a call of the object runs."""
    if isinstance(value, (staticmethod, classmethod)):
        return value.__func__
    if isinstance(value, functools.partial) or inspect.isroutine(value) or inspect.isclass(value):
        return value
    # Not by getattr, because an object may have any attribute.
    call = inspect.getattr_static(type(value), "__call__", None)
    if inspect.isfunction(call):
        return call.__get__(value)
    return getattr(value, "__call__", value)  # noqa: B004


def _is_double(value: Any) -> bool:
    """Whether it takes the scope and returns a coroutine function, as far as is known."""
    function = _callable_of(value)
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return False
    names = code.co_varnames[: code.co_argcount]
    if names[-1:] == ("scope",):
        return True
    return any(
        isinstance(constant, CodeType)
        and constant.co_flags & inspect.CO_COROUTINE
        and constant.co_argcount >= 2
        for constant in code.co_consts
    )


def _single(application: Application) -> Application:
    """Converts an ASGI 2 application, which is called twice, to ASGI 3."""

    @functools.wraps(application, updated=())
    async def single(scope: Any, receive: Any, send: Any) -> None:
        await application(scope)(receive, send)

    return single
