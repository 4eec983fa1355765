"""Header fields of a request, out of its environ, and what they mean."""

from __future__ import annotations

from taipan.events import Environ


def request_fields(environ: Environ) -> list[tuple[str, str]]:
    """Names and values; repeated fields are joined already."""
    names = {key: key[5:] for key in environ if key.startswith("HTTP_")}
    names.update({key: key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if key in environ})
    return [(name.replace("_", "-").title(), environ[key]) for key, name in names.items()]


def strip_port(authority: str) -> str:
    """The host of a Host field, which may be an IPv6 address in brackets."""
    host, _, port = authority.rpartition(":")
    return host if host and (port.isdigit() or not port) else authority
