"""Streamed responses."""

import time

from page import html, page

CONTENT = """
<p>The counter below is fed by <a href="/stream/events">server-sent events</a>;
<a href="/stream/text">the same as text</a> arrives line by line.</p>
<p class=card>Counter: <output aria-live=polite>waiting</output></p>
<script>
const source = new EventSource('/stream/events')
source.onmessage = (event) => { document.querySelector('output').textContent = event.data }
source.onerror = () => source.close()
</script>
"""


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/events":
        start_response(
            "200 OK",
            [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")],
        )
        return count("data: {}\n\n")
    if path == "/text":
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return count("line {}\n")
    return html(start_response, page("Streaming", CONTENT))


def count(line):
    for number in range(1, 11):
        yield line.format(number).encode()
        time.sleep(0.2)
