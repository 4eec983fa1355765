"""Shows the environ of a request."""

from html import escape

from page import html, page


def application(environ, start_response):
    rows = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code><td><code>{escape(repr(value))}</code>"
        for name, value in sorted(environ.items())
    )
    return html(start_response, page("Environ", f"<table><tbody>{rows}</table>"))
