"""The application of a folder of scripts."""

from __future__ import annotations

import builtins
import contextlib
import os
from collections.abc import Iterable
from functools import lru_cache

from taipan.events import Environ
from taipan.fields import STANDS_IN_FIELD
from taipan.psp.page import Page
from taipan.scripts.failure_page import answer_failure
from taipan.scripts.hints import Hints
from taipan.scripts.kinds import Kinds, check_legacy
from taipan.scripts.modules.application_file import ApplicationFiles
from taipan.scripts.modules.execfile import execfile
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.modules.handlers import Handler, Handlers
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.process.forks import end_process
from taipan.scripts.process.install import install_process
from taipan.scripts.process.streams import detach_streams
from taipan.scripts.process.working_directory import WorkingDirectory
from taipan.scripts.request.afterwards import FollowedBody
from taipan.scripts.request.current import PRINT, Run, ScriptRequest
from taipan.scripts.request.errors import ScriptError
from taipan.scripts.request.output import ScriptOutput, StartResponse, WholeResponse
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.styles import STYLES
from taipan.sessions.errors import SessionBusy

_TEXT = ("Content-Type", "text/plain; charset=utf-8")
_BUSY = WholeResponse(
    "503 Service Unavailable",
    [_TEXT, ("Retry-After", "5"), STANDS_IN_FIELD],
    [b"Service Unavailable\n"],
)


class ScriptFolder:
    """Runs the script that a request names; called as a WSGI application."""

    def __init__(self, settings: ScriptSettings) -> None:
        self._settings = settings
        # Fields of a named tuple are read in more steps.
        self._software = settings.software
        self._inline = settings.inline
        #: What surrounds a script is what it says by default.
        self._usual = settings.attach_stdio and settings.setup_cgi_env
        directory = WorkingDirectory(alone=settings.alone)
        self._enter = directory.enter if settings.setup_cgi_env else directory.stay
        # Where all threads run scripts, none has to find its directory again.
        self._leave = None if settings.exclusive else directory.leave
        given = {"execfile": execfile} if settings.install_caching_exec else {}
        self.folders = ModuleFolders.of_legacy(settings.root, settings.legacy, given)
        self._own_place = os.fsencode(f"{settings.directory}/").decode("latin-1")
        self._handlers = Handlers(settings.directory, self.folders)
        self._call_handler = STYLES[settings.style]
        self._applications = ApplicationFiles()
        self._kinds = Kinds(settings, self)
        self._hints = Hints(settings)
        # PyWX has it for what lasts longer than a request.
        vars(builtins).setdefault("__persistdict__", {})
        install_process()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        kind = environ["taipan.script_kind"]
        handler = self._handlers.load(_decode(kind)) if ":" in kind else None
        if handler is not None and not environ["SCRIPT_FILENAME"]:
            environ["SCRIPT_FILENAME"] = os.fsencode(handler.file).decode("latin-1")
        # A handler without a file is in the folder of the route.
        path, folder = _decode_place(environ["SCRIPT_FILENAME"] or self._own_place)
        if kind == "wsgi":
            return self._call_application(path, environ, start_response)
        environ["taipan.software"] = self._software
        output = ScriptOutput(start_response)
        if self._inline:
            output.spools = True
        request = ScriptRequest(path, environ, output, self._settings)
        if not self._usual:
            self._surround(request)
        before = PRINT.set(request.write_printed)
        try:
            if not self._enter(folder):
                self._hints.tell_directory()
            try:
                run = self._load(request, kind) if handler is None else self._bind(handler, request)
            except (FileNotFoundError, PermissionError) as error:
                return self._refuse(error, start_response)
            self._run(request, run)
            rest = request.finish()
            if output.bare or output.dropped:
                self._hints.tell_output(path, output)
            return rest if request.after is None else self._let_follow(rest, request, folder)
        except Exception as error:
            if output.begun or not answer_failure(error, request):
                raise
            return output.finish()
        finally:
            if not request.followed:
                request.end()
            PRINT.reset(before)
            if self._leave is not None:
                self._leave()

    def _let_follow(
        self, rest: Iterable[bytes], request: ScriptRequest, folder: str
    ) -> FollowedBody:
        """The rest of a response, after which the request goes on."""

        def follow() -> None:
            before = PRINT.set(request.write_printed)
            try:
                self._enter(folder)
                request.output.close()
                request.end()
            finally:
                PRINT.reset(before)
                if self._leave is not None:
                    self._leave()

        request.followed = True
        return FollowedBody(rest, follow)

    @property
    def root(self) -> str:
        """Absolute path."""
        return self._settings.root

    def load_page(self, path: str) -> Page:
        """The compiled page."""
        return self._kinds.pages.load_page(path)

    def compile_page(self, path: str, content: bytes) -> Page:
        """A page that is in no file, beside the file of this path."""
        return self._kinds.pages.compile(path, content)

    def run_script(self, request: ScriptRequest) -> None:
        """Runs the file of a request as a script. Raises `OSError` if it cannot be read."""
        self._kinds.scripts.load(request, None)()

    def include_script(self, path: str, request: ScriptRequest) -> None:
        """Adds the body of what a script prints to the page of a request."""

        def add(data: bytes) -> None:
            request.text.buffer.write(data)

        output = ScriptOutput(lambda *_: add)
        output.may_be_empty = True
        inner = ScriptRequest(path, request.environ, output, self._settings)
        inner.outer = request
        self._surround(inner)
        before = PRINT.set(inner.write_printed)
        try:
            self._run(inner, self._kinds.scripts.load(inner, None))
            for data in inner.finish():
                add(data)
        finally:
            inner.release()
            PRINT.reset(before)

    def _surround(self, request: ScriptRequest) -> None:
        """Gives a request the streams and variables that are configured."""
        if not self._settings.attach_stdio:
            detach_streams(request)
        request.has_environment = self._settings.setup_cgi_env

    def load_handlers(self) -> None:
        """Loads those that are configured. Raises what loading raises."""
        for target in self._settings.handlers:
            self._handlers.check(target)
        if self._settings.legacy:
            check_legacy(self._settings.legacy, self.folders)
            self._kinds.find(str(self._settings.legacy["kind"]))

    def _bind(self, handler: Handler, request: ScriptRequest) -> Run:
        return lambda: self._call_handler(handler.find(), request)

    def _load(self, request: ScriptRequest, kind: str) -> Run:
        """What runs the file. Raises `OSError` if it cannot be read."""
        return self._kinds.find(kind).load(request, request.environ["taipan.script_version"])

    def _run(self, request: ScriptRequest, run: Run) -> None:
        """Runs a script; only the process that serves the request returns."""
        try:
            run()
        except BaseException as error:
            if request.forked:
                end_process(request, error)
            if not self._ends(error, request):
                raise
        if request.forked:
            end_process(request, None)

    def _ends(self, error: BaseException, request: ScriptRequest) -> bool:
        """Whether what a script raised is an end, or an answer."""
        if isinstance(error, SystemExit):
            if isinstance(error.code, str):
                self._settings.reporter.report("info", f"{request.path} ended with: {error.code}")
            return True
        if isinstance(error, ScriptError):
            if request.output.begun:
                return False
            with contextlib.suppress(SystemExit):
                _answer_by(error, request)
            return True
        if isinstance(error, SessionBusy):
            return self._answer_busy(error, request)
        request.exit()
        return False

    def _answer_busy(self, busy: SessionBusy, request: ScriptRequest) -> bool:
        if request.output.begun:
            return False
        self._settings.reporter.report("warning", f"{request.path}: {busy}; answered with 503")
        if request.session is not None:
            request.session.forget()
        request.drop()
        request.output.answer(_BUSY)
        return True

    def modules_of(self, folder: str) -> FolderModules:
        """The modules beside the scripts of a folder."""
        return self.folders.of(folder)

    def _call_application(
        self, path: str, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        modules = self.modules_of(os.path.dirname(path))
        try:
            application = self._applications.load(path, modules.refresh())
        except (FileNotFoundError, PermissionError) as error:
            if error.filename != path:
                raise
            return self._refuse(error, start_response)
        result: Iterable[bytes] = application(environ, start_response)
        return result

    def _refuse(self, error: OSError, start_response: StartResponse) -> Iterable[bytes]:
        """Answers for a file that went away after it was found, or may not be read."""
        gone = isinstance(error, FileNotFoundError)
        if not gone:
            text = f"{error.filename}: {error.strerror}; answered with 403"
            self._settings.reporter.report("warning", text)
        start_response("404 Not Found" if gone else "403 Forbidden", [_TEXT, STANDS_IN_FIELD])
        return [b"Not Found\n" if gone else b"Forbidden\n"]


@lru_cache(1024)
def _decode_place(filename: str) -> tuple[str, str]:
    """The file and its folder."""
    path = _decode(filename)
    return path, path[: path.rindex("/")] or "/"


def _decode(variable: str) -> str:
    return os.fsdecode(variable.encode("latin-1"))


def _answer_by(error: ScriptError, request: ScriptRequest) -> None:
    """Lets an error answer instead of the script."""
    from taipan.connection import connection_of

    connection = connection_of(request)
    connection.reset()
    error(connection, str(request.environ.get("REQUEST_URI", "")))
