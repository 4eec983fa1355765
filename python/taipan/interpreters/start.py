"""Calls a function of Taipan in a sub-interpreter."""

from __future__ import annotations

from pathlib import Path

from taipan.interpreters import private

#: Lets Python find Taipan, whose folder is not on `sys.path`.
_SCRIPT = str(Path(__file__).parents[2] / "main.py")
_CODE = """
import sys
sys.path[:] = {path!r}
with open({script!r}, "rb") as file:
    exec(compile(file.read(), {script!r}, "exec"), {{"__name__": "taipan", "__file__": {script!r}}})
from taipan.interpreters.extensions import refuse_extensions
refuse_extensions()
from {module} import {function}
{function}(*{arguments!r})
"""


def call(interpreter: object, path: list[str], function: str, *arguments: object) -> None:
    """Calls `module:function` there, with this `sys.path` and arguments that Python can write.

    Raises `RuntimeError` with the traceback.
    """
    module, _, name = function.partition(":")
    code = _CODE.format(
        path=path, script=_SCRIPT, module=module, function=name, arguments=arguments
    )
    private.run(interpreter, code)
