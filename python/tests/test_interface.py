"""Detection of WSGI and ASGI callables, and the refusal of others."""

from __future__ import annotations

import asyncio
import functools

import pytest

from taipan.loader.errors import TargetError
from taipan.loader.finding import find_callable, validate_application


async def coroutine(scope, receive, send):
    await send(scope["type"])


def plain(scope, receive, send):
    return coroutine(scope, receive, send)


def wsgi(environ, start_response):
    return []


class Async:
    async def __call__(self, scope, receive, send):
        await send(scope["type"])

    async def method(self, scope, receive, send):
        await send(scope["type"])

    def plain_method(self, scope, receive, send):
        return self.method(scope, receive, send)

    @staticmethod
    async def static(scope, receive, send):
        await send(scope["type"])

    @classmethod
    async def of_class(cls, scope, receive, send):
        await send(scope["type"])


class Child(Async):
    pass


class Middleware:
    """A class that passes the call on, without an async method."""

    def __init__(self, app):
        self.app = app

    def __call__(self, scope, receive, send):
        return self.app(scope, receive, send)


class InSlot:
    """Middleware may set its `__call__` for each instance."""

    __slots__ = ("__call__",)

    def __init__(self):
        self.__call__ = Async().method


class Awaitable:
    """Like the endpoints of Starlette."""

    def __init__(self, scope, receive, send):
        self.scope, self.send = scope, send

    def __await__(self):
        return self.send(self.scope["type"]).__await__()


class Double:
    def __init__(self, scope):
        self.scope = scope

    async def __call__(self, receive, send):
        await send(self.scope["type"])


class DoubleWithOptions(Double):
    def __init__(self, scope, option=None):
        super().__init__(scope)


def double(scope):
    async def inner(receive, send):
        await send(scope["type"])

    return inner


def double_of_another_name(connection):
    async def inner(receive, send):
        await send(connection["type"])

    return inner


class DoubleInstance:
    def __call__(self, scope):
        return Double(scope)


def decorate(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)

    return inner


def with_option(option, scope, receive, send):
    return coroutine(scope, receive, send)


async def bound_option(scope, receive, send, option=None):
    await send(scope["type"])


class Magic:
    """Has every attribute."""

    def __getattr__(self, name):
        return Magic()

    def __call__(self, environ, start_response):
        return []


ASGI = {
    "coroutine function": coroutine,
    "function of three": plain,
    "instance": Async(),
    "inherited": Child(),
    "bound method": Async().method,
    "bound call": Async().__call__,
    "plain bound method": Async().plain_method,
    "static method": Async.static,
    "static method of an instance": Async().static,
    "class method": Async.of_class,
    "partial": functools.partial(coroutine),
    "partial of a partial": functools.partial(functools.partial(bound_option), option=1),
    "partial of a function": functools.partial(with_option, 1),
    "partial of an instance": functools.partial(Async()),
    "middleware": Middleware(coroutine),
    "call in a slot": InSlot(),
    "awaitable": Awaitable,
    "decorated": decorate(coroutine),
    "decorated twice": decorate(decorate(coroutine)),
    "lambda": lambda scope, receive, send: coroutine(scope, receive, send),
    "ASGI 2 class": Double,
    "ASGI 2 class with options": DoubleWithOptions,
    "ASGI 2 function": double,
    "ASGI 2 function of another name": double_of_another_name,
    "ASGI 2 instance": DoubleInstance(),
    "decorated ASGI 2": functools.partial(double),
}


class WsgiInstance:
    def __call__(self, environ, start_response):
        return []


class WsgiClass:
    def __init__(self, environ, start_response):
        pass

    def __iter__(self):
        return iter(())


class WithOption:
    def __call__(self, environ, start_response, option=None):
        return []


def anything(*args, **kwargs):
    return []


WSGI = {
    "function": wsgi,
    "instance": WsgiInstance(),
    "class": WsgiClass,
    "partial": functools.partial(wsgi),
    "option": WithOption(),
    "decorated": decorate(wsgi),
    "anything": anything,
    "magic": Magic(),
    "builtin": print,
}


def find(value, interface="auto"):
    return validate_application(value, "app", "app.py", interface)


@pytest.mark.parametrize("name", ASGI)
def test_asgi_is_recognised_and_runs(name):
    found = find(ASGI[name])
    assert found.interface == "asgi"
    assert ("ASGI 2" in found.description) == ("ASGI 2" in name)
    sent = []

    async def send(event):
        sent.append(event)

    async def main():
        await found.application({"type": "http"}, None, send)

    asyncio.run(main())
    assert sent == ["http"]
    assert find(ASGI[name], "asgi").interface == "asgi"


@pytest.mark.parametrize("name", WSGI)
def test_wsgi_is_recognised(name):
    found = find(WSGI[name])
    assert found.interface == "wsgi" and found.application is WSGI[name]
    assert find(WSGI[name], "wsgi").application is WSGI[name]


def test_what_can_be_called_so_may_be_forced():
    assert find(anything, "asgi").interface == "asgi"
    assert find(lambda one: coroutine, "asgi").description.endswith("(ASGI 2)")


@pytest.mark.parametrize("name", ["coroutine function", "instance", "ASGI 2 class", "partial"])
def test_asgi_cannot_be_forced_to_be_wsgi(name):
    with pytest.raises(TargetError, match=r"cannot be called as WSGI .*--interface asgi"):
        find(ASGI[name], "wsgi")


@pytest.mark.parametrize("name", ["function", "instance", "class"])
def test_wsgi_cannot_be_forced_to_be_asgi(name):
    with pytest.raises(TargetError, match=r"cannot be called as ASGI .*--interface wsgi"):
        find(WSGI[name], "asgi")


def test_factories_are_noticed():
    async def create():
        return coroutine

    for value in (Async, create, lambda: coroutine):
        for interface in ("auto", "asgi"):
            with pytest.raises(TargetError, match=r"Did you mean 'app.py:app\(\)'"):
                find(value, interface)

    async def handler(request):
        return request

    with pytest.raises(TargetError, match=r"is async, but takes no \(scope, receive, send\)"):
        find(handler)


def test_the_usual_names_may_be_of_either_interface():
    module = type(asyncio)("site")
    module.app = coroutine
    found = find_callable(module, "", "site.py")
    assert (found.expression, found.interface) == ("app", "asgi")
    assert found.description.startswith("function ")
