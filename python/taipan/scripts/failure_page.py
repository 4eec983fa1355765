"""Pages and log records for failed scripts, as PyWX lets them be configured."""

from __future__ import annotations

from html import escape

from taipan.events import ClientDisconnected
from taipan.scripts.current import ScriptRequest
from taipan.tracebacks import format_exception, summarize

#: Section of the option `config`, and its keys.
_SECTION = "ns/environment/python"
_PAGE = "exceptionhtmlfmt"
_RECORD = "exceptionlogfmt"
_NEUTRAL = "<h1>Internal Server Error</h1>\n<p>The request failed.</p>\n"


def answer_failure(error: Exception, request: ScriptRequest) -> bool:
    """Logs an error and answers with a 500, if there is a format for that; False if not."""
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
    html = _NEUTRAL if page is None else _fill(page, escape(url), escape(traceback))
    connection.return_html(500, html)
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
