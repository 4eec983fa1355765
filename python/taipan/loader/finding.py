"""Finding the callable in a module, and telling why there is none."""

from __future__ import annotations

import ast
import functools
import inspect
from types import ModuleType
from typing import Any, Callable, NamedTuple

from taipan.loader.errors import TargetError
from taipan.loader.target import parse_expression

USUAL_NAMES = ("application", "app", "handler")
USUAL_FACTORIES = ("create_app", "make_app")


class Found(NamedTuple):
    """A callable and the expression that gave it."""

    application: Callable[..., Any]
    expression: str


def find_callable(module: ModuleType, expression: str, place: str) -> Found:
    """Evaluates `expression` in the module, or tries the usual names. Raises `TargetError`.

    Whatever a factory raises passes through. `place` is how the person named the module.
    """
    if not expression:
        return _try_usual_names(module, place)
    node = parse_expression(expression)
    value = _evaluate(node, module, place)
    return Found(_validate_application(value, expression, place), expression)


def describe(application: object) -> str:
    """What a person wants to read about the thing that was found."""
    if inspect.isclass(application):
        return f"class {application.__module__}.{application.__qualname__}"
    if inspect.isroutine(application):
        name = getattr(application, "__qualname__", getattr(application, "__name__", "?"))
        return f"function {getattr(application, '__module__', None) or '?'}.{name}"
    kind = type(application)
    return f"instance of {kind.__module__}.{kind.__qualname__}"


def is_asgi(application: object) -> bool:
    """The callable is a coroutine function, or its `__call__` is one."""
    while isinstance(application, functools.partial):
        application = application.func
    if inspect.iscoroutinefunction(application) or inspect.isasyncgenfunction(application):
        return True
    if inspect.isroutine(application) or inspect.isclass(application):
        return False
    return any(
        inspect.iscoroutinefunction(kind.__dict__["__call__"])
        for kind in type(application).__mro__
        if "__call__" in kind.__dict__
    )


def _try_usual_names(module: ModuleType, place: str) -> Found:
    for name in USUAL_NAMES:
        value = getattr(module, name, None)
        if callable(value):
            return Found(_validate_application(value, name, place), name)
    for name in USUAL_FACTORIES:
        factory = getattr(module, name, None)
        if callable(factory):
            expression = f"{name}()"
            value = _call(factory, [], {}, expression, place)
            return Found(_validate_application(value, expression, place), expression)
    tried = ", ".join((*USUAL_NAMES, *(f"{name}()" for name in USUAL_FACTORIES)))
    raise TargetError(f"{place} has no application: tried {tried}. {_offer(module, place)}")


def _offer(module: ModuleType, place: str) -> str:
    names = callable_names(module)
    if not names:
        return "It defines no callable at all"
    return f"Its callables are {', '.join(names[:10])}: name one, as in '{place}:{names[0]}'"


def callable_names(module: ModuleType) -> list[str]:
    """Public callables that the module itself defines, functions and instances before classes."""
    found = [
        (inspect.isclass(value), name)
        for name, value in list(vars(module).items())
        if not name.startswith("_")
        and callable(value)
        and (
            getattr(value, "__module__", None) == module.__name__
            or not (inspect.isclass(value) or inspect.isroutine(value))
        )
    ]
    return [f"{name}()" if is_class else name for is_class, name in sorted(found)]


def _evaluate(node: ast.expr, module: ModuleType, place: str) -> Any:
    if isinstance(node, ast.Name):
        try:
            return getattr(module, node.id)
        except AttributeError:
            raise TargetError(f"{place} has no {node.id!r}. {_offer(module, place)}") from None
    if isinstance(node, ast.Attribute):
        owner = _evaluate(node.value, module, place)
        try:
            return getattr(owner, node.attr)
        except AttributeError:
            raise TargetError(
                f"{ast.unparse(node.value)} of {place} is {_article(owner)} without {node.attr!r}"
            ) from None
    assert isinstance(node, ast.Call)
    function = _evaluate(node.func, module, place)
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


def _validate_application(value: Any, expression: str, place: str) -> Callable[..., Any]:
    if inspect.iscoroutine(value):
        value.close()
        raise TargetError(f"{expression} of {place} is a coroutine: the factory must not be async")
    if not callable(value):
        raise TargetError(f"{expression} of {place} is {_article(value)}, which cannot be called")
    if is_asgi(value):
        raise TargetError(
            f"{expression} of {place} is an ASGI application (it is async), and ASGI is not"
            " supported yet by '--interface wsgi'. Name a WSGI application, or wrap this one in an"
            " adapter"
        )
    signature = _signature(value)
    if signature is not None and not _binds(signature, 2) and _binds(signature, 0):
        raise TargetError(
            f"{expression} of {place} takes no (environ, start_response): it looks like a factory."
            f" Did you mean '{place}:{expression}()'?"
        )
    checked: Callable[..., Any] = value
    return checked


def _binds(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*([None] * count))
    except TypeError:
        return False
    return True


def _article(value: object) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
