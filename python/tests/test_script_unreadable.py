"""Files that the user of the server may not read."""

import os
import subprocess
import sys

SERVE = """
import os, sys
from taipan.scripts.folder import ScriptFolder
from taipan.scripts.request.settings import ScriptSettings

def tell(*words):
    os.write(1, f"{' '.join(words)}\\n".encode())

class Log:
    def report(self, level, text, *more):
        tell(level, text)

root = sys.argv[1]
folder = ScriptFolder(ScriptSettings(root, Log(), "", True, True, setup_cgi_env=False))
if os.geteuid() == 0:
    os.seteuid(65534)
for name, kind in ("a.py", "script"), ("a.psp", "psp"), ("a.wsgi", "wsgi"):
    version = {"taipan.script_kind": kind, "taipan.script_version": "1"}
    environ = {"SCRIPT_FILENAME": f"{root}/{name}", **version}
    folder(environ, lambda status, fields: tell(status))
"""


def test_are_403_with_a_record(tmp_path):
    paths = [tmp_path / name for name in ("a.py", "a.psp", "a.wsgi")]
    for path in paths:
        path.touch(0)
    run = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert run.stdout == "".join(
        f"warning {path}: Permission denied; answered with 403\n403 Forbidden\n" for path in paths
    ), run.stderr
