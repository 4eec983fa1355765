"""Why an application could not be loaded, for people."""

from __future__ import annotations

import os
import sys
import traceback
from types import ModuleType

from taipan.load_place import describe_server
from taipan.loader.errors import Explained
from taipan.loader.importable import find_hidden
from taipan.loader.this_python import explain_missing
from taipan.places import is_library, shorten_path
from taipan.tracebacks import format_exception, is_own, summarize


def format_load_error(error: BaseException) -> str:
    """The traceback of a failure to load; empty if the message is sufficient."""
    return error.details if isinstance(error, Explained) else format_exception(error)


def explain_load_error(error: BaseException) -> str:
    """One line that explains a failure to load."""
    if isinstance(error, Explained):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    advice = describe_server(frames) or _explain_import(error, frames)
    if isinstance(error, SystemExit):
        text = f"the application called sys.exit({error.code!r}) while it was loaded"
    elif isinstance(error, KeyboardInterrupt):
        text = "loading the application was interrupted"
    else:
        text = summarize(error)
        if isinstance(error, ModuleNotFoundError) and error.name and not advice:
            advice = explain_missing(error.name)
    return f"{text}; {advice}" if advice else text


def _explain_import(error: BaseException, frames: traceback.StackSummary) -> str:
    """What is wrong with the person's own files; empty when they are not the reason."""
    if not isinstance(error, (ImportError, AttributeError)):
        return ""
    return _explain_hidden(error, frames) or _explain_relative(error, frames)


def _explain_hidden(error: BaseException, frames: traceback.StackSummary) -> str:
    """The file of the person's own that others import by mistake."""
    named = _find_named(error)
    before = ""
    for frame in frames:
        path = frame.filename
        if path.startswith("<frozen importlib"):
            continue
        if frame.name == "<module>" and not is_library(path) and not is_own(path):
            name = _module_name(path)
            hidden = find_hidden(name, path) if name == named or is_library(before) else ""
            if hidden:
                return f"{shorten_path(path)} hides {hidden}: give it another name"
        before = path
    path = str(getattr(error, "path", None) or _find_file(error))
    hidden = find_hidden(named, path) if named and path and not is_library(path) else ""
    return hidden and f"{shorten_path(path)} hides {hidden}: give it another name"


def _explain_relative(error: BaseException, frames: traceback.StackSummary) -> str:
    """Where a package would have to begin for a relative import."""
    own = [frame for frame in frames if not is_library(frame.filename)]
    if not own or not str(error).startswith("attempted relative import"):
        return ""
    path = own[-1].filename
    folder = os.path.dirname(path)
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    place = shorten_path(os.path.join(folder, "__init__.py"))
    return (
        f"no package holds {shorten_path(path)} and what it imports: make an empty file {place},"
        " or import without the dots"
    )


def _find_named(error: BaseException) -> str:
    """The module at the top of what was imported, or lacks something."""
    missing = getattr(error, "obj", None)
    name = missing.__name__ if isinstance(missing, ModuleType) else getattr(error, "name", None)
    if isinstance(error, AttributeError) and not isinstance(missing, ModuleType):
        return ""
    return str(name or "").partition(".")[0]


def _find_file(error: BaseException) -> str:
    """The file of that module."""
    module = getattr(error, "obj", None)
    if not isinstance(module, ModuleType):
        module = sys.modules.get(_find_named(error))
    return str(getattr(module, "__file__", None) or "")


def _module_name(path: str) -> str:
    folder, base = os.path.split(path)
    stem = os.path.splitext(base)[0]
    return os.path.basename(folder) if stem == "__init__" else stem
