"""Static files of Django, with real settings and a real project."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taipan.loader.django import let_errors_be_logged
from taipan.loader.static_files import StaticFiles, prepare_static_files


@pytest.fixture(scope="module")
def settings() -> Iterator[Any]:
    module: Any = types.ModuleType("static_site_settings")
    module.SECRET_KEY = "x"
    module.STATIC_URL = "static/"
    module.ALLOWED_HOSTS = ["*"]
    module.INSTALLED_APPS = ["django.contrib.staticfiles"]
    before = set(sys.modules)
    sys.modules[module.__name__] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_SETTINGS_MODULE", module.__name__)
        pytest.importorskip("django").setup()
        yield module
    # Other tests have Django projects of their own.
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def application(settings: Any) -> Any:
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def prepare(application: Any, dev: bool = False, **overrides: object) -> StaticFiles:
    from django.conf import settings

    with pytest.MonkeyPatch.context() as patch:
        for name, value in overrides.items():
            patch.setattr(settings, name, value)
        return prepare_static_files(application, "wsgi", dev)


def call(application: Any, path: str, script: str = "") -> tuple[str, bytes]:
    from wsgiref.util import setup_testing_defaults

    environ: dict[str, Any] = {"PATH_INFO": path, "SCRIPT_NAME": script, "REQUEST_METHOD": "GET"}
    setup_testing_defaults(environ)
    seen: list[str] = []
    body = application(environ, lambda status, _fields, _error=None: seen.append(status))
    try:
        return seen[0], b"".join(body)
    finally:
        body.close()


def test_django_logs_errors_without_debug(settings: Any, application: Any, capsys: Any):
    from django.conf import settings as active

    logger = logging.getLogger("django")
    with pytest.MonkeyPatch.context() as patch:
        for handler in logger.handlers:
            patch.setattr(handler, "filters", list(handler.filters))
            patch.setattr(handler, "level", handler.level)
        # The stream that the handler was made with is that of an earlier test.
        [printing] = [one for one in logger.handlers if type(one) is logging.StreamHandler]
        patch.setattr(printing, "stream", sys.stderr)
        patch.setattr(active, "LOGGING", {"version": 1})
        let_errors_be_logged(application)
        logger.error("with a LOGGING of its own")
        patch.setattr(active, "LOGGING", {})
        let_errors_be_logged(print)
        logger.error("another application")
        let_errors_be_logged(application)
        logger.warning("much")
        logger.error("marker")
    assert capsys.readouterr().err == "marker\n"


def test_other_applications_are_left_alone(settings: Any):
    def other() -> None:
        pass

    assert prepare_static_files(other, "wsgi", True) == StaticFiles(other)


def test_a_project_without_the_application_of_static_files(application: Any):
    assert prepare(application, INSTALLED_APPS=[]) == StaticFiles(application)


@pytest.mark.parametrize("url", [None, "/", "https://files.example.org/static/"])
def test_a_url_that_cannot_be_served(application: Any, settings: Any, monkeypatch: Any, url: Any):
    monkeypatch.setattr(settings, "STATIC_URL", url)
    assert prepare(application, True) == StaticFiles(application)


def test_without_a_folder_the_note_says_what_to_do(application: Any, tmp_path: Path):
    assert "set STATIC_ROOT and run" in prepare(application).note
    missing = prepare(application, STATIC_ROOT=tmp_path / "none")
    assert "does not exist; run 'python manage.py collectstatic'" in missing.note
    assert missing.location is None


def test_a_collected_folder_is_told_with_whether_names_have_hashes(
    application: Any, tmp_path: Path
):
    plain = prepare(application, STATIC_ROOT=tmp_path)
    assert plain.location == {"url": "static/", "folder": str(tmp_path), "hashed": False}
    (tmp_path / "staticfiles.json").write_text("{}")
    assert prepare(application, STATIC_ROOT=tmp_path).hashed


def test_whitenoise_is_left_alone(application: Any):
    files = prepare(application, MIDDLEWARE=["whitenoise.middleware.WhiteNoiseMiddleware"])
    assert files.application is application and "WhiteNoise serves" in files.note


def test_settings_that_fail_do_not_keep_the_application_from_being_served(application: Any):
    files = prepare(application, STATIC_ROOT=5)
    assert files.application is application and "static files are not served" in files.note


@pytest.mark.parametrize(
    "url, path, script",
    [
        ("static/", "/static/a.txt", "/shop"),
        ("/files/", "/files/a.txt", ""),
        ("/shop/files/", "/files/a.txt", "/shop"),
    ],
)
def test_finders_serve_in_dev_mode(
    application: Any,
    settings: Any,
    tmp_path: Path,
    monkeypatch: Any,
    url: str,
    path: str,
    script: str,
):
    from django.conf import settings as known
    from django.contrib.staticfiles import finders

    monkeypatch.setattr(settings, "STATIC_URL", url)
    monkeypatch.setattr(settings, "urlpatterns", [], raising=False)
    monkeypatch.setattr(known, "ROOT_URLCONF", settings.__name__, raising=False)
    monkeypatch.setattr(known, "STATICFILES_DIRS", [tmp_path])
    (tmp_path / "a.txt").write_text("found")
    finders.get_finder.cache_clear()
    served = prepare_static_files(application, "wsgi", True).application
    assert call(served, path, script) == ("200 OK", b"found")
    assert call(served, path.replace("a.txt", "b.txt"), script)[0].startswith("404")
    assert call(served, "/other", script)[0].startswith("404")
    finders.get_finder.cache_clear()
