"""A board that shows new notes at once: one process keeps them, and the readers' connections."""

from html import escape

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

PAGE = """<!doctype html>
<title>Board</title>
<form method="post"><input name="note" autofocus><button>Add</button></form>
<ul id="notes">{notes}</ul>
<script>
  new EventSource("/notes").onmessage = ({{ data }}) => {{
    const note = document.createElement("li")
    note.textContent = data
    document.getElementById("notes").append(note)
  }}
</script>
"""


class Board(Resource):
    isLeaf = True

    def __init__(self):
        super().__init__()
        self.notes = []
        self.readers = set()

    def render_GET(self, request):
        if request.path == b"/notes":
            return self.follow(request)
        request.setHeader(b"Content-Type", b"text/html; charset=utf-8")
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return PAGE.format(notes=notes).encode()

    def render_POST(self, request):
        note = request.args.get(b"note", [b""])[0].decode("utf-8", "replace")
        self.notes = [*self.notes, " ".join(note.split())][-20:]
        for reader in self.readers:
            reader.write(f"data: {self.notes[-1]}\n\n".encode())
        request.redirect(b"/")
        return b""

    def follow(self, request):
        request.setHeader(b"Content-Type", b"text/event-stream")
        request.write(b": welcome\n\n")
        self.readers.add(request)
        request.notifyFinish().addBoth(lambda _: self.readers.discard(request))
        return NOT_DONE_YET
