"""The name and the password that a client gives, and how it is asked for them (RFC 7617)."""

from __future__ import annotations

import base64
import binascii


def parse_basic(field: str) -> tuple[str, str] | tuple[None, None]:
    """Those of an Authorization field (RFC 7617); twice None if it has none."""
    scheme, _, value = field.partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        text = base64.b64decode(value.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return None, None
    user, colon, password = text.partition(":")
    return (user, password) if colon else (None, None)


def format_challenge(realm: str) -> str:
    """The field WWW-Authenticate that asks for them."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return f'Basic realm="{quoted}"'
