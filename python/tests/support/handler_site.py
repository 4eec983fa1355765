"""Answers requests by the handlers of a route as `ScriptFolder` does, in this process."""

import os
import re
from typing import NamedTuple

from support.environs import make_environ
from taipan.fields import PASS_TO_FILES, STANDS_IN_FIELD
from taipan.loader.code_cache import CodeCache
from taipan.scripts.mod_python.server import ModPythonServer
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pages import Pages
from taipan.scripts.request.current import PRINT, ScriptRequest
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.script_files import ScriptFiles

CONFIG = {
    "kind": "mod_python",
    "handler": "t",
    "phases": {},
    "options": {},
    "debug": False,
    "autoReload": True,
    "path": [],
    "filters": {"input": [], "output": []},
}


class Answer(NamedTuple):
    status: str
    fields: list
    body: str
    #: What was reported, in its order.
    log: list
    #: Field values by their names.
    named: dict


class Log:
    def __init__(self):
        self.records = []

    def report(self, level, text, traceback=None):
        self.records.append(f"{level}: {text}")


class Site:
    """A folder with handlers; `t.py` is the one of `PythonHandler`."""

    def __init__(self, folder, **config):
        self.root = str(folder)
        self.log = Log()
        legacy = {**CONFIG, **config}
        self._settings = ScriptSettings(
            root=self.root,
            reporter=self.log,
            software="test",
            alone=False,
            exclusive=False,
            legacy=legacy,
        )
        self.folders = ModuleFolders.of_legacy(self.root, legacy)
        self._pages = Pages(self._settings, self)
        self._server = ModPythonServer(self._settings, self)
        self._code = CodeCache()
        self._writes = 0

    def check(self):
        """The files of its handlers."""
        return ModPythonServer.check(self._settings.legacy, self.folders)

    def write(self, name, text):
        """Writes a file, with a time of its own."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())
        self._writes += 1
        os.utime(path, (1e9 + self._writes,) * 2)

    def modules_of(self, folder):
        return self.folders.of(folder)

    def load_page(self, path):
        return self._pages.load_page(path)

    def compile_page(self, path, content):
        return self._pages.compile(path, content)

    def run_script(self, request):
        ScriptFiles(self._settings, self).load(request, None)()

    def include_script(self, path, request):
        raise NotImplementedError

    def get(self, target="/x", body=b"", **environ):
        """The answer."""
        path, _, query = target.partition("?")
        end = _end_of_file(self.root, path)
        variables = make_environ(self.root, target, end=end, body=body or None, **environ)
        self.log.records = []
        head = []
        sent = bytearray()

        def start_response(status, fields):
            assert not head
            head[:] = [status, fields]
            return sent.extend

        output = ScriptOutput(start_response)
        request = ScriptRequest(self.root + path[:end], variables, output, self._settings)
        before = PRINT.set(request.write_printed)
        try:
            self._server.load(request, None)()
            sent += b"".join(request.finish())
            self.log.records.append("sent")
            output.close()
        except Exception as error:
            self.log.records.append(f"raised {error!r}")
        finally:
            request.end()
            PRINT.reset(before)
        status, fields = head or ("", [])
        named = {name.lower(): value for name, value in fields}
        return Answer(status, fields, sent.decode(), self.log.records, named)


def is_passed(answer):
    """Whether the request was left to the files of the folder."""
    return PASS_TO_FILES in answer.fields


def stands_in(answer):
    """Whether an error page may take its place."""
    return STANDS_IN_FIELD in answer.fields


def _end_of_file(root, path):
    """Where PATH_INFO begins: behind the first name that is no folder, as Apache has it."""
    for name in re.finditer("/+[^/]+", path):
        if not os.path.isdir(root + path[: name.end()]):
            return name.end()
    return len(path)
