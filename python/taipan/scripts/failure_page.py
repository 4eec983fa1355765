"""Answers for failed scripts other than the usual one."""

from __future__ import annotations

import sys
from html import escape

from taipan.events import ClientDisconnected
from taipan.fields import STANDS_IN_FIELD
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import status_line
from taipan.scripts.request.output import WholeResponse
from taipan.tracebacks import format_exception, summarize

#: Section of the option `config`, and its keys.
_SECTION = "ns/environment/python"
_PAGE = "exceptionhtmlfmt"
_RECORD = "exceptionlogfmt"
_TEXT = ("Content-Type", "text/plain; charset=utf-8")


def answer_failure(error: Exception, request: ScriptRequest) -> bool:
    """Logs an error and answers the request; False if the usual answer will do."""
    return _answer_form(error, request) or _answer_by_format(error, request)


def _answer_form(error: Exception, request: ScriptRequest) -> bool:
    """Refuses a form that is malformed or too large."""
    # There is no such error unless its module is loaded.
    forms = sys.modules.get("taipan.forms.errors")
    if forms is None or not isinstance(error, forms.FormError):
        return False
    status: int = error.status
    request.settings.reporter.report("info", f"{request.path}: {error}; answered with {status}")
    request.drop()
    line = status_line(status)
    answer = WholeResponse(line, [_TEXT, STANDS_IN_FIELD], [f"{line[4:]}\n".encode()])
    request.output.answer(answer)
    return True


def _answer_by_format(error: Exception, request: ScriptRequest) -> bool:
    """Answers with a 500 as the configuration says (PyWX)."""
    formats = _formats_of(request)
    page, record = formats.get(_PAGE), formats.get(_RECORD)
    if (page is None and record is None) or isinstance(error, ClientDisconnected):
        return False
    url = str(request.environ.get("REQUEST_URI", ""))
    traceback = format_exception(error)
    if record is None:
        request.settings.reporter.report("error", summarize(error), traceback)
    else:
        request.settings.reporter.report("error", _fill(record, url, traceback))
    from taipan.connection import connection_of

    connection = connection_of(request)
    connection.reset()
    if page is None:
        connection.return_internal_error()
    else:
        connection.return_html(500, _fill(page, escape(url), escape(traceback)))
    return True


def _formats_of(request: ScriptRequest) -> dict[str, str]:
    for name, values in request.settings.config.items():
        if name.lower() == _SECTION:
            return {key.lower(): value for key, value in values.items()}
    return {}


def _fill(text: str, url: str, traceback: str) -> str:
    """Puts both into `%(url)s` and `%(traceback)s`, or into the first two `%s`."""
    try:
        if "%(" in text:
            return text % {"url": url, "traceback": traceback}
        return text % (url, traceback)[: text.replace("%%", "").count("%s")]
    except (TypeError, ValueError, KeyError):
        # It is no format.
        return text
