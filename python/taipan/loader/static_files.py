"""Static files of Django: by its finders in dev mode, from `STATIC_ROOT` by Node otherwise."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Callable, NamedTuple
from urllib.parse import urlsplit

from taipan.loader.django import find_active_settings
from taipan.tracebacks import summarize

Application = Callable[..., Any]


class StaticFiles(NamedTuple):
    """What is to be done about the static files of an application, and what people should know."""

    #: The callable to serve.
    application: Application
    #: One line for the log; empty when there is nothing to say.
    note: str = ""
    #: Path of the URL; without a slash at its beginning it counts from the mount point.
    url: str = ""
    #: Folder that Node serves; empty for none.
    folder: str = ""
    #: Names hold a hash of the content.
    hashed: bool = False

    @property
    def location(self) -> dict[str, object] | None:
        """What Node serves itself; None for nothing."""
        if not self.folder:
            return None
        return {"url": self.url, "folder": self.folder, "hashed": self.hashed}


def prepare_static_files(application: Application, interface: str, dev: bool) -> StaticFiles:
    """Looks whether Django collects static files for this application, and where they are.

    Never raises: an application is served without its files as well.
    """
    try:
        return _prepare(application, interface, dev)
    except Exception as error:
        return StaticFiles(application, f"static files are not served: {summarize(error)}")


def _prepare(application: Application, interface: str, dev: bool) -> StaticFiles:
    settings = find_active_settings(application)
    if settings is None or "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
        return StaticFiles(application)
    url = _read_url(settings)
    if url is None:
        return StaticFiles(application)
    if any(name.startswith("whitenoise.") for name in settings.MIDDLEWARE):
        return StaticFiles(application, f"WhiteNoise serves the static files below {url}")
    if dev:
        served = _with_finders(application, interface, url)
        return StaticFiles(served, f"static files below {url} come from Django's finders (--dev)")
    return _from_root(application, url, settings)


def _from_root(application: Application, url: str, settings: Any) -> StaticFiles:
    root = settings.STATIC_ROOT
    if not root:
        return StaticFiles(
            application,
            f"static files below {url} are not served: set STATIC_ROOT and run 'python manage.py"
            " collectstatic', or use --dev while you develop",
        )
    folder = os.path.abspath(root)
    if not os.path.isdir(folder):
        return StaticFiles(
            application,
            f"static files below {url} are not served: the folder {folder} (STATIC_ROOT) does not"
            " exist; run 'python manage.py collectstatic'",
        )
    note = f"static files below {url} come from {folder} (STATIC_ROOT)"
    # Not by the storage, which would ask the settings for the URL.
    hashed = os.path.isfile(os.path.join(folder, "staticfiles.json"))
    return StaticFiles(application, note, url, folder, hashed)


def _read_url(settings: Any) -> str | None:
    """`STATIC_URL` as it was written; None when its files are on another server.

    Not by the settings: they keep what they give at first, with the mount point of that moment.
    """
    module = sys.modules.get(str(getattr(settings, "SETTINGS_MODULE", "")))
    url = getattr(module, "STATIC_URL", None)
    if not isinstance(url, str) or not url.strip("/"):
        return None
    parts = urlsplit(url)
    return None if parts.netloc or not parts.path.endswith("/") else parts.path


class _Place:
    """Where static files are, for Django's handlers of them, which would ask the settings."""

    #: It counts from the mount point unless it begins with a slash.
    url: str

    def get_base_url(self) -> str:
        """For Django."""
        return self.url

    def find_rest(self, script: str, path: str) -> str | None:
        """The path of a file below the URL; None for other paths. `path` is below `script`."""
        absolute = self.url.startswith("/")
        start, whole = (self.url, script + path) if absolute else (f"/{self.url}", path)
        return whole[len(start) :] if whole.startswith(start) else None

    def serve(self, request: Any) -> Any:
        """Django's answer with a file that its finders find. Raises `Http404`."""
        views: Any = importlib.import_module("django.contrib.staticfiles.views")
        rest = self.find_rest(request.META.get("SCRIPT_NAME", ""), request.path_info)
        return views.serve(request, rest, insecure=True)


def _with_finders(application: Application, interface: str, url: str) -> Application:
    handlers: Any = importlib.import_module("django.contrib.staticfiles.handlers")
    if interface == "wsgi":
        return _wrap_wsgi(application, url, handlers.StaticFilesHandler)
    return _wrap_asgi(application, url, handlers.ASGIStaticFilesHandler)


# Each goes past the `__call__` of its base, which compares paths with a URL of its own. The base is
# that of the Django which the application has, and mypy sees none.
def _wrap_wsgi(application: Application, place: str, base: Any) -> Application:
    class Handler(_Place, base):  # type: ignore[misc]
        url = place

        def __call__(self, environ: Any, start_response: Any) -> Any:
            if self.find_rest(environ["SCRIPT_NAME"], environ["PATH_INFO"]) is None:
                return application(environ, start_response)
            return super(base, self).__call__(environ, start_response)

    handler: Application = Handler(application)
    return handler


def _wrap_asgi(application: Application, place: str, base: Any) -> Application:
    class Handler(_Place, base):  # type: ignore[misc]
        url = place

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            script = str(scope.get("root_path", ""))
            path = str(scope.get("path", ""))
            inner = path[len(script) :] if path.startswith(script) else path
            if scope["type"] != "http" or self.find_rest(script, inner) is None:
                await application(scope, receive, send)
            else:
                await super(base, self).__call__(scope, receive, send)

    handler: Application = Handler(application)
    return handler
