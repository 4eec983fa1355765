"""Change this text while the site is running, and look at the page again."""

TEXT = b"Change me in examples/site/apps/edit_me.py, then reload this page.\n"


def handler(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [TEXT]
