#!/usr/bin/env python3
"""A guest book, as CGI scripts have been written for thirty years.

Served as a script by `{ scripts: 'site' }`, and as a program of its own by `{ cgi: 'site' }`.
"""

import cgi
import fcntl
import html
import json
import os
import time

#: Beside the folder that is served, so that nobody can ask for it.
ENTRIES = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "entries.txt")
SHOWN = 50
PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Guest book</title>
<h1>Guest book</h1>
<form method="post" action="{action}">
<p><label>Name <input name="name" maxlength="40" required></label>
<p><label>What you want to say <input name="text" maxlength="500" required></label>
<p><button>Sign</button>
</form>
{entries}
</html>"""
ENTRY = "<p><b>{name}</b>, {date}<br>{text}</p>"


def read_entries():
    """The latest entries, the newest first."""
    try:
        with open(ENTRIES, encoding="utf-8") as stream:
            fcntl.flock(stream, fcntl.LOCK_SH)
            return [json.loads(line) for line in stream.readlines()[: -SHOWN - 1 : -1]]
    except FileNotFoundError:
        return []


def add_entry(name, text):
    """Adds an entry; two people who sign at once wait for each other."""
    line = json.dumps({"name": name[:40], "text": text[:500], "time": time.time()})
    with open(ENTRIES, "a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.write(line + "\n")


def show(entry):
    """An entry as HTML: whatever visitors write is text."""
    date = time.strftime("%Y-%m-%d %H:%M", time.gmtime(entry["time"]))
    return ENTRY.format(name=html.escape(entry["name"]), text=html.escape(entry["text"]), date=date)


def main():
    address = os.environ["SCRIPT_NAME"]
    form = cgi.FieldStorage()
    if os.environ["REQUEST_METHOD"] == "POST":
        name, text = form.getfirst("name", "").strip(), form.getfirst("text", "").strip()
        if name and text:
            add_entry(name, text)
        # Who loads the page again does not sign again.
        print(f"Status: 303 See Other\nLocation: {address}\n")
        return
    entries = "\n".join(map(show, read_entries())) or "<p>Nobody has signed yet.</p>"
    print("Content-Type: text/html; charset=utf-8\n")
    print(PAGE.format(action=html.escape(address), entries=entries))


main()
