"""A WSGI application, as any framework makes one."""

import html


def application(environ, start_response):
    root = environ["SCRIPT_NAME"]
    name = environ["PATH_INFO"].strip("/").encode("latin-1").decode("utf-8", "replace")
    if environ["REQUEST_METHOD"] == "POST":
        lines = [line.decode().strip() for line in environ["wsgi.input"]]
        body = f"{len(lines)} lines for {name}"
    else:
        body = f'<a href="{html.escape(root)}/today">note {html.escape(name) or "board"}</a>'
    headers = [("Content-Type", "text/html; charset=utf-8")]
    start_response("200 OK", headers)
    return [body.encode()]
