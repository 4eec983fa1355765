from html import escape

from Http import Header, Write


def HandleNotFound(URL):
    Text = f"<h1>Error 404</h1>There is no {escape(URL)} here.\n"
    Header("Content-Type: text/html; charset=utf-8", Status=404, Length=len(Text), Close=True)
    Write(Text)
