"""Serves the pages of a folder as `ScriptFolder` does, without its changes to the process."""

import os

from support.environs import make_environ
from taipan.loader.code_cache import CodeCache
from taipan.psp.page import PageOptions
from taipan.scripts.kinds import Kinds
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings


class Log:
    def __init__(self):
        self.records = []

    def report(self, level, text, *more):
        self.records.append((level, text))


class PageFolder:
    """A folder whose pages can be asked for."""

    def __init__(self, folder, dialect="mod_python", kinds=None, **options):
        self.root = str(folder)
        self.log = Log()
        pages = PageOptions(dialect, **options)
        self._settings = settings = ScriptSettings(
            root=self.root,
            reporter=self.log,
            software="test",
            alone=False,
            exclusive=False,
            pages=pages,
            kinds=kinds or {".psp": "psp", ".py": "script"},
        )
        self._modules = FolderModules(self.root, CodeCache())
        self._kinds = Kinds(settings, self)

    def write(self, name, text):
        """Writes a file, with a time of its own."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())

    def modules_of(self, folder):
        if folder == self.root:
            return self._modules
        return FolderModules(folder, CodeCache(), self._modules)

    def load_page(self, path):
        return self._kinds.pages.load_page(path)

    def compile_page(self, path, content):
        return self._kinds.pages.compile(path, content)

    def include_script(self, path, request):
        request.text.write(f"[{os.path.basename(path)}]")

    def get(self, target, body=b"", **environ):
        """Status, header fields and body of the answer."""
        path, _, query = target.partition("?")
        ending = next(one for one in self._settings.kinds if one in path)
        at = path.index(ending) + len(ending)
        variables = make_environ(self.root, target, end=at, body=body or None, **environ)
        answer = []
        sent = bytearray()

        def start_response(status, fields):
            answer[:] = [status, fields]
            return sent.extend

        output = ScriptOutput(start_response)
        request = ScriptRequest(self.root + path[:at], variables, output, self._settings)
        try:
            self._kinds.find(self._settings.kinds[ending]).load(request, None)()
        except SystemExit:
            pass
        sent += b"".join(request.finish())
        request.release()
        return answer[0], answer[1], sent.decode()

    def text(self, target, **more):
        """The body of the answer."""
        return self.get(target, **more)[2]
