from html import escape
from urllib.parse import parse_qs

from Http import Env, Header, Read, Write

FORM = '<form method="post"><input name="name"><button>Sign</button></form>'


def Request():
    if Env.REQUEST_METHOD != "POST":
        return Write(FORM)
    Name = parse_qs(Read()).get("name", [""])[0].strip()
    if not Name:
        Header(Status=400)
        return Write(f"<p>Please tell your name.{FORM}")
    Write(f"<p>Thank you, {escape(Name)}!")
