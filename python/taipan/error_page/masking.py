"""Hides secrets: by the names of values, and in texts."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "********"

_WORDS: Final = frozenset(
    "apikey auth authentication authorization bearer cookie cookies credential credentials csrf dsn"
    " jwt key keys otp pass passphrase passwd password passwords pw pwd secret secrets session"
    " sessionid sessions sid signature token tokens xsrf".split()
)
#: In names without boundaries between their words.
_PARTS: Final = re.compile(
    r"passw|passphrase|secret|token|credential|csrf|xsrf|cookie|sessid|sessionid|jwt"
    r"|(?:api|access|auth|crypt|encryption|license|master|private|secret|shared|signing)key"
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
#: No tokens of a client, but of a text.
_HARMLESS: Final = re.compile(r"tokeni[sz]|tokentype")

_URL: Final = re.compile(
    r"(?P<before>\b[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s/:@'\"<>]{0,200}:)"
    # A port is no password.
    r"(?!\d{1,5}(?:[/?#,;)\]\s'\"]|$))[^\s'\"<>]{1,500}(?=@)"
)
_SCHEME: Final = re.compile(
    # The word behind it is none of a sentence.
    r"(?P<before>\b(?i:Bearer|Basic|Digest|Negotiate|Token)\s+)(?=\S*(?:[0-9=_]|[a-z][A-Z]))"
    r"[A-Za-z0-9._~+/=-]{6,}"
)
_STRING: Final = r"[bBrRuUfF]{0,2}(?:'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?)"
_VALUE: Final = rf"(?P<value>{_STRING}|[^\s,;&)\]}}'\"]+)"
_NAMED: Final = (
    r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]{0,200})(?P<between>\s{0,3}=\s{0,3}|['\"]\s{0,3}:\s{0,3})"
)
_PAIR: Final = re.compile(_NAMED + _VALUE)
_LITERAL: Final = re.compile(rf"{_NAMED}(?P<value>{_STRING})")
#: A field of a header in the `repr` of several.
_FIELD: Final = re.compile(
    rf"(?<=[(\[])(?P<name>b?['\"][\w-]{{1,80}})(?P<between>['\"],\s{{0,3}}){_VALUE}"
)


def is_secret(name: str) -> bool:
    """Whether what has this name should not be shown: `api_key`, `HTTP_COOKIE`, `csrfToken`."""
    short = name[-200:]
    if not _WORDS.isdisjoint(word.lower() for word in _WORD.findall(short)):
        return True
    joined = re.sub(r"[^a-z]", "", short.lower())
    return _PARTS.search(_HARMLESS.sub("", joined)) is not None


def mask_credentials(text: str) -> str:
    """Hides what is secret whatever stands around it: passwords in URLs, as of Authorization."""
    return _SCHEME.sub(rf"\g<before>{MASK}", _URL.sub(rf"\g<before>{MASK}", text))


def mask_source(text: str) -> str:
    """Hides those, and literals that are given secret names, in lines of source."""
    return _LITERAL.sub(_mask_pair, mask_credentials(text))


def mask_text(text: str) -> str:
    """Hides those, and what follows a secret name as in `password='x'` or `"token": "x"`."""
    return _FIELD.sub(_mask_pair, _PAIR.sub(_mask_pair, mask_credentials(text)))


def _mask_pair(match: re.Match[str]) -> str:
    name, between, value = match.group("name", "between", "value")
    if is_secret(name):
        return match.group() if value == "None" else f"{name}{between}{MASK}"
    return f"{name}{between}{_PAIR.sub(_mask_pair, value)}"
