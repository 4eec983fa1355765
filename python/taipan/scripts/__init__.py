"""Runs the scripts of a folder: one more interface beside WSGI and ASGI."""

from taipan.scripts.errors import ScriptError
from taipan.scripts.execfile import execfile

__all__ = ["ScriptError", "execfile"]
