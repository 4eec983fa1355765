"""`__auth__`, `__access__` and `__auth_realm__` of what the publisher is asked for."""

from __future__ import annotations

import ast
import hmac
import inspect
import textwrap
from functools import lru_cache
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from taipan.scripts.mod_python.apache import HTTP_FORBIDDEN, HTTP_UNAUTHORIZED, SERVER_RETURN
from taipan.scripts.request.credentials import format_challenge, parse_basic

_AUTH, _ACCESS, _REALM = "__auth__", "__access__", "__auth_realm__"
_NAMES = (_AUTH, _ACCESS, _REALM)
#: One of these is in each module that has some of those.
_IN_MODULES = frozenset((*_NAMES, "__getattr__"))
_LIMIT = 1024


class _Absent:
    """In place of what is not there."""


_ABSENT = _Absent()
_NOTHING = _ABSENT, _ABSENT, _ABSENT


class Visitor(NamedTuple):
    """What is known of the client on its way through the objects of a URL."""

    realm: str = "unknown"
    user: str | None = None
    password: str | None = None


STRANGER = Visitor()


def admit(req: Any, thing: Any, visitor: Visitor) -> Visitor:
    """Lets the client pass an object of the URL.

    Raises `SERVER_RETURN` with 401 or 403 if the object does not let it.
    """
    function = thing.__func__ if type(thing) is MethodType else thing
    if type(function) is not FunctionType and callable(function):
        # Such as those of `functools.lru_cache`.
        inner = getattr(function, "__wrapped__", None)
        function = inner if type(inner) is FunctionType else function
    if type(function) is FunctionType:
        realm, auth, access = _of_function(function)
    else:
        realm, auth, access = _of_object(thing)
    if realm is not _ABSENT:
        visitor = visitor._replace(realm=str(realm))
    if auth is _ABSENT and access is _ABSENT:
        return visitor
    if not visitor.user:
        user, password = parse_basic(req.headers_in.get("Authorization") or "")
        visitor = visitor._replace(user=user, password=password)
    if auth is not _ABSENT and not _authenticates(req, auth, visitor):
        req.err_headers_out["WWW-Authenticate"] = format_challenge(visitor.realm)
        raise SERVER_RETURN(HTTP_UNAUTHORIZED)
    if access is not _ABSENT and not _gives_access(req, access, visitor.user):
        raise SERVER_RETURN(HTTP_FORBIDDEN)
    return visitor


def _authenticates(req: Any, auth: Any, visitor: Visitor) -> bool:
    user, password = visitor.user, visitor.password
    if not user:
        return False
    if callable(auth):
        return bool(auth(req, user, password))
    if isinstance(auth, dict):
        expected = auth.get(user)
        return expected is not None and _is_same(expected, password or "")
    return bool(auth)


def _gives_access(req: Any, access: Any, user: str | None) -> bool:
    if callable(access):
        return bool(access(req, user))
    if isinstance(access, (list, tuple, set, frozenset)):
        return user in access
    return bool(access)


def _is_same(expected: Any, password: str) -> bool:
    if isinstance(expected, str):
        return hmac.compare_digest(_bytes(expected), _bytes(password))
    return bool(expected == password)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _of_object(thing: Any) -> tuple[Any, Any, Any]:
    """Realm, authentication and access, as attributes."""
    # What a module has not costs an exception, which takes longer than all else here.
    if type(thing) is ModuleType and vars(thing).keys().isdisjoint(_IN_MODULES):
        return _NOTHING
    realm = getattr(thing, _REALM, _ABSENT)
    return realm, getattr(thing, _AUTH, _ABSENT), getattr(thing, _ACCESS, _ABSENT)


def _of_function(function: FunctionType) -> tuple[Any, Any, Any]:
    """Realm, authentication and access, in the body of the function or attributes of it."""
    code = function.__code__
    inside = _names_inside(code)
    if not inside and not function.__dict__:
        return _NOTHING
    found = dict.fromkeys(_NAMES, _ABSENT)
    for name in _NAMES:
        if name in inside:
            value = _local(code, name)
            if isinstance(value, CodeType):
                value = FunctionType(value, function.__globals__)
            found[name] = value
        elif name in function.__dict__:
            found[name] = function.__dict__[name]
    # A decorator opens nothing that says by `functools.wraps` what it decorates.
    inner = function.__dict__.get("__wrapped__")
    if type(inner) is FunctionType and found[_AUTH] is found[_ACCESS] is _ABSENT:
        return _of_function(inner)
    return found[_REALM], found[_AUTH], found[_ACCESS]


@lru_cache(_LIMIT)
def _names_inside(code: CodeType) -> tuple[str, ...]:
    """Which of the three a function sets when it runs."""
    own = code.co_varnames[code.co_argcount + code.co_kwonlyargcount :]
    return tuple(name for name in _NAMES if name in own or name in code.co_cellvars)


@lru_cache(_LIMIT)
def _local(code: CodeType, name: str) -> Any:
    """What a function will give to a name: the code of a function, or a literal value.

    Raises `TypeError` for anything else, so that nothing is open that should not be.
    """
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == name:
            if constant.co_freevars:
                break
            return constant
    else:
        values = _literals(code, name)
        if len(values) == 1:
            return values[0]
    raise TypeError(
        f"{name} in {code.co_name}() of {code.co_filename} cannot be read before the function runs:"
        " write a function that uses no variables of the one around it, or one literal value"
    )


def _literals(code: CodeType, name: str) -> list[Any]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
        return [
            ast.literal_eval(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
        ]
    except (OSError, SyntaxError, ValueError):
        return []
