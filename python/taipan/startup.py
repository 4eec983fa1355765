"""Scripts that are run once in each process, before its requests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from runpy import run_path

from taipan.events import Reporter
from taipan.tracebacks import format_exception, summarize


def run_startup(scripts: Iterable[str], reporter: Reporter) -> None:
    """Imports modules and runs files, one after the other. What they raise is logged."""
    for script in scripts:
        try:
            if script.endswith(".py") or os.sep in script:
                run_path(script, run_name="taipan_startup")
            else:
                import_module(script)
        except BaseException as error:
            text = f"the startup script {script} failed: {summarize(error)}"
            reporter.report("error", text, format_exception(error))
