# The same without old names: facts are attributes, and print writes the page.
from html import escape

from taipan import conn

conn.set_headers("X-Peer", conn.peer)
print("Content-Type: text/html; charset=utf-8\n")
print("<table>")
facts = [("method", conn.request.method), ("path", conn.request.url), ("peer", conn.peer)]
for name, value in [*facts, *conn.headers.items()]:
    print(f"<tr><th>{escape(name)}<td>{escape(value)}")
print("</table>")
