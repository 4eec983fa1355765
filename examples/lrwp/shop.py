"""A WSGI application that counts its visitors: python -m taipan.lrwp shop.py --name shop."""

from itertools import count

visitors = count(1)


def app(environ, start_response):
    text = f"You are visitor {next(visitors)} of {environ['SCRIPT_NAME']}.\n"
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode()]
