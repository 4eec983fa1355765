"""Scripts that are run once in each process, before its requests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from taipan.events import Reporter
from taipan.named_code import NotThere, import_named, is_needed, run_named
from taipan.tracebacks import format_exception, summarize


def run_startup(config: Mapping[str, Any], reporter: Reporter) -> None:
    """Imports modules and runs files, one after the other. What they raise is logged.

    Raises `NotThere` for a name of nothing.
    """
    for script in config.get("startup") or ():
        try:
            if script.endswith(".py") or os.sep in script:
                run_named("startup", script)
            else:
                import_named("startup", script)
        except BaseException as error:
            if isinstance(error, NotThere) and is_needed(config):
                raise
            text = f"the startup script {script} failed: {summarize(error)}"
            reporter.report("error", text, format_exception(error))
