"""Finds the callable in a module, or explains why there is none."""

from __future__ import annotations

import ast
import inspect
import os
from types import ModuleType
from typing import Any, Callable, NamedTuple, NoReturn

from taipan.loader.errors import TargetError
from taipan.loader.interface import can_take, find_interface, force_interface
from taipan.loader.target import parse_expression

USUAL_NAMES = ("application", "app", "handler")
USUAL_FACTORIES = ("create_app", "make_app")

_CLASS = 2
#: Frameworks with applications that are neither WSGI nor ASGI, by their package.
_FOREIGN = {"aiohttp": "aiohttp", "tornado": "Tornado"}
_ARGUMENTS = {"wsgi": "(environ, start_response)", "asgi": "(scope, receive, send)"}


class Found(NamedTuple):
    """A callable, and the expression that gave it."""

    application: Callable[..., Any]
    expression: str
    #: `wsgi`, `asgi` or `script`.
    interface: str = "wsgi"
    #: Description for people.
    description: str = ""


def find_callable(
    module: ModuleType, expression: str, place: str, interface: str = "auto"
) -> Found:
    """Evaluates `expression` in the module, or tries the usual names. Raises `TargetError`.

    `interface` is how the callable is called; `auto` detects it. `place` is the module as the user
    named it. Exceptions of a factory are passed on.
    """
    if not expression:
        return _try_usual_names(module, place, interface)
    node = parse_expression(expression)
    value = evaluate(node, module, place)
    return validate_application(value, expression, place, interface)


def has_usual_name(module: ModuleType) -> bool:
    """There is something to try where no expression is given."""
    names = (*USUAL_NAMES, *USUAL_FACTORIES)
    return any(callable(getattr(module, name, None)) for name in names)


def describe(application: object) -> str:
    """Describes an application for people."""
    if inspect.isclass(application):
        return f"class {application.__module__}.{application.__qualname__}"
    if inspect.isroutine(application):
        name = getattr(application, "__qualname__", getattr(application, "__name__", "?"))
        return f"function {getattr(application, '__module__', None) or '?'}.{name}"
    kind = type(application)
    return f"instance of {kind.__module__}.{kind.__qualname__}"


def _try_usual_names(module: ModuleType, place: str, interface: str) -> Found:
    for name in USUAL_NAMES:
        value = getattr(module, name, None)
        if callable(value):
            return validate_application(value, name, place, interface)
    for name in USUAL_FACTORIES:
        factory = getattr(module, name, None)
        if callable(factory):
            expression = f"{name}()"
            value = _call(factory, [], {}, expression, place)
            return validate_application(value, expression, place, interface)
    tried = ", ".join((*USUAL_NAMES, *(f"{name}()" for name in USUAL_FACTORIES)))
    others = "".join(
        f" ({name} is {_article(getattr(module, name))}, not callable)"
        for name in (*USUAL_NAMES, *USUAL_FACTORIES)
        if hasattr(module, name)
    )
    raise TargetError(f"{place} has no application: tried {tried}{others}. {_offer(module, place)}")


def _offer(module: ModuleType, place: str) -> str:
    names = callable_names(module)
    if not names:
        none = "It defines no callable at all"
        folder = os.path.dirname(place)
        if not folder or not place.endswith(".py"):
            return none
        return f"{none}; what prints its page is a script: --scripts /={folder} serves its folder"
    return f"Its callables are {', '.join(names[:10])}: name one, as in '{place}:{names[0]}'"


def callable_names(module: ModuleType) -> list[str]:
    """Public callables defined in the module itself: what may be applications, others, classes."""
    found = [
        (_rank(value), name)
        for name, value in list(vars(module).items())
        if not name.startswith("_")
        and callable(value)
        and (
            getattr(value, "__module__", None) == module.__name__
            or not (inspect.isclass(value) or inspect.isroutine(value))
        )
    ]
    return [f"{name}()" if rank == _CLASS else name for rank, name in sorted(found)]


def _rank(value: Any) -> int:
    if inspect.isclass(value):
        return _CLASS
    found = find_interface(value)
    return 0 if found.detail or can_take(value, 2 if found.name == "wsgi" else 3) else 1


def evaluate(node: ast.expr, module: ModuleType, place: str) -> Any:
    """The value of a parsed expression in the module. Raises `TargetError`."""
    if isinstance(node, ast.Name):
        try:
            return getattr(module, node.id)
        except AttributeError:
            raise TargetError(f"{place} has no {node.id!r}. {_offer(module, place)}") from None
    if isinstance(node, ast.Attribute):
        owner = evaluate(node.value, module, place)
        try:
            return getattr(owner, node.attr)
        except AttributeError:
            raise TargetError(
                f"{ast.unparse(node.value)} of {place} is {_article(owner)} without {node.attr!r}"
            ) from None
    assert isinstance(node, ast.Call)
    function = evaluate(node.func, module, place)
    arguments = [ast.literal_eval(argument) for argument in node.args]
    keywords = {str(item.arg): ast.literal_eval(item.value) for item in node.keywords}
    return _call(function, arguments, keywords, ast.unparse(node), place)


def _call(
    function: Any, arguments: list[Any], keywords: dict[str, Any], expression: str, place: str
) -> Any:
    if not callable(function):
        raise TargetError(f"{expression} of {place} cannot be called: it is {_article(function)}")
    signature = _signature(function)
    if signature is not None:
        try:
            signature.bind(*arguments, **keywords)
        except TypeError as error:
            raise TargetError(
                f"{expression} of {place} does not fit {_signature_text(expression, signature)}:"
                f" {error}. Pass plain values in the target, or name a factory that needs none"
            ) from None
    return function(*arguments, **keywords)


def _signature_text(expression: str, signature: inspect.Signature) -> str:
    return f"its signature {expression.partition('(')[0]}{signature}"


def _signature(function: Any) -> inspect.Signature | None:
    try:
        return inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None


def validate_application(value: Any, expression: str, place: str, interface: str) -> Found:
    """The application with its interface. Raises `TargetError` if it cannot be an application."""
    if inspect.iscoroutine(value):
        value.close()
        raise TargetError(f"{expression} of {place} is a coroutine: the factory must not be async")
    if not callable(value):
        raise TargetError(f"{expression} of {place} is {_article(value)}, not callable")
    found = find_interface(value) if interface == "auto" else force_interface(value, interface)
    if found is None:
        raise TargetError(_explain_other(value, expression, place, interface))
    if not found.detail and not can_take(value, 2 if found.name == "wsgi" else 3):
        _refuse_arguments(value, expression, place, found.name)
    text = describe(value)
    if found.detail:
        text += f" ({found.detail})"
    return Found(found.application, expression, found.name, text)


def _refuse_arguments(value: Any, expression: str, place: str, interface: str) -> NoReturn:
    modules = {base.__module__.partition(".")[0] for base in type(value).__mro__}
    foreign = next((_FOREIGN[name] for name in modules if name in _FOREIGN), "")
    neither = (
        f"{expression} of {place} takes neither {_ARGUMENTS['wsgi']} nor {_ARGUMENTS['asgi']}: it"
    )
    if foreign:
        raise TargetError(f"{neither} is of {foreign}, which has a server of its own")
    if can_take(value, 0):
        raise TargetError(f"{neither} looks like a factory. Did you mean '{place}:{expression}()'?")
    if interface == "asgi":
        raise TargetError(f"{expression} of {place} is async, but takes no {_ARGUMENTS['asgi']}")
    takes = f"{neither} takes {_signature(value)}"
    if inspect.isroutine(value):
        takes += f". A factory is called in the target, as in '{place}:{expression}(\"value\")'"
    raise TargetError(takes)


def _explain_other(value: Any, expression: str, place: str, interface: str) -> str:
    other = "asgi" if interface == "wsgi" else "wsgi"
    if can_take(value, 0):
        hint = f"it looks like a factory. Did you mean '{place}:{expression}()'?"
    else:
        hint = f"try '--interface {other}', or wrap it in an adapter"
    return (
        f"{expression} of {place} ({describe(value)}) cannot be called as {interface.upper()}"
        f" {_ARGUMENTS[interface]}: {hint}"
    )


def _article(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
