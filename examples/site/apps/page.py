"""Common parts of the pages of the example site."""

from html import escape

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Taipan</title>
<link rel="icon" href="/static/taipan.svg">
<link rel="stylesheet" href="/static/site.css">
</head>
<body>
<header><h1>{title}</h1></header>
<main>
{content}
</main>
<footer><a href="/">All examples</a></footer>
</body>
</html>
"""


def page(title, content):
    """A whole page as bytes; the content is HTML."""
    return PAGE.format(title=escape(title), content=content).encode()


def html(start_response, body, status="200 OK"):
    """Answers with a page."""
    fields = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
    ]
    start_response(status, fields)
    return [body]
