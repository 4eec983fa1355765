"""Runs the scripts of a folder: one more interface beside WSGI and ASGI."""

from taipan.scripts.modules.execfile import execfile
from taipan.scripts.request.errors import ScriptError

__all__ = ["ScriptError", "execfile"]
