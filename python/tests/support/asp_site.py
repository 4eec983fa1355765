"""Serves ASP pages as `ScriptFolder` does, without its changes to the process."""

import atexit
import os

from support.environs import make_environ
from taipan.loader.code_cache import CodeCache
from taipan.scripts.asp.pages import AspPages
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import PRINT, ScriptRequest
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.sessions.process import configure_sessions, process_sessions


class Log:
    def __init__(self):
        self.records = []

    def report(self, level, text, traceback=None):
        self.records.append((level, text))

    def end_request(self):
        pass


class Answer:
    """Status, fields and body."""

    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.bytes = bytes(body)

    @property
    def text(self):
        return self.bytes.decode()

    def all(self, name):
        return [value for one, value in self.fields if one.lower() == name.lower()]

    def field(self, name):
        return next(iter(self.all(name)), None)


class AspSite:
    """A site and one client, which keeps its cookies."""

    def __init__(self, folder, mount="/", **settings):
        self.root = str(folder / "site")
        os.makedirs(self.root)
        self.mount = mount
        self.log = Log()
        self.settings = ScriptSettings(
            root=self.root,
            reporter=self.log,
            software="test",
            alone=False,
            exclusive=False,
            mount=mount,
            kinds={".asp": "asp", ".py": "script"},
            **settings,
        )
        self.modules = FolderModules(self.root, CodeCache())
        self.cookies = {}
        configure_sessions(
            {
                "store": f"sqlite:{folder}/sessions.db",
                "cookie": "sid",
                "lifetime": 1_800_000,
                "lockTimeout": 2000,
                "limit": 100_000,
                "sameSite": "lax",
            }
        )
        self.made = []
        self.pages = self.make_process()

    def make_process(self):
        """Another process of the application, as far as pages see."""
        made = AspPages(self.settings, self)
        self.made.append(made)
        return made

    def close(self):
        """Leaves nothing behind."""
        for made in self.made:
            atexit.unregister(made.life._leave)
        process_sessions().store.close()
        configure_sessions(None)

    def modules_of(self, folder):
        if folder == self.root:
            return self.modules
        return FolderModules(folder, CodeCache(), self.modules)

    def include_script(self, path, request):
        request.text.write(f"({os.path.basename(path)})")

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = text if isinstance(text, bytes) else text.encode()
        with open(path, "wb") as stream:
            stream.write(data)
        # Of another time than the version before.
        os.utime(path, ns=(0, hash(data) & 0xFFFFFFFFFFFF))

    def get(self, target="/page.asp", body=None, pages=None, **environ):
        """The answer to a request."""
        path, _, query = target.partition("?")
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {"HTTP_COOKIE": cookies, **environ}
        mount = self.mount.rstrip("/")
        variables = make_environ(self.root, target, mount=mount, body=body, **given)
        head = []
        sent = bytearray()

        def start_response(status, fields):
            head[:] = [status, fields]
            return sent.extend

        request = ScriptRequest(
            self.root + path, variables, ScriptOutput(start_response), self.settings
        )
        token = PRINT.set(request.write_printed)
        try:
            try:
                (pages or self.pages).load(request, None)()
            except SystemExit:
                pass
            except BaseException:
                self.sent = bytes(sent)
                raise
            sent += b"".join(request.finish())
        finally:
            request.release()
            PRINT.reset(token)
        answer = Answer(*head, sent)
        for cookie in answer.all("Set-Cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def show(self, value, target="/page.asp", **more):
        """What an expression of a page is."""
        self.write("page.asp", f"<%= ({value}) %>")
        return self.get(target, **more).text

    def run(self, code, target="/page.asp", **more):
        """The answer of a page with this code."""
        self.write("page.asp", f"<%\n{code}\n%>")
        return self.get(target, **more)

    def get_in(self, pages, value):
        """What an expression is in another process."""
        self.write("page.asp", f"<%= ({value}) %>")
        return self.get(pages=pages).text
