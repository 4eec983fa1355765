"""A page with Flask, or a page with instructions if Flask is not installed."""

import sys
from html import escape

from page import html, page

try:
    from flask import Flask, request
except ImportError:

    def application(environ, start_response):
        command = escape(f"{sys.executable} -m pip install flask")
        advice = "This Python has no Flask. Install it, and start the site again:"
        content = f"<p>{advice}</p><pre>{command}</pre>"
        return html(start_response, page("Flask is not installed", content))

else:
    application = Flask(__name__)

    @application.get("/")
    def greeting():
        name = escape(request.args.get("name", ""))
        content = (
            f"<p>Hello, {name or 'you'}!</p>"
            "<form><label>Your name <input name=name></label> <button>Greet</button></form>"
        )
        return page("Flask", content)
