"""The handler `mod_python.testhandler`."""

from support.handler_site import Site


def test_the_page_shows_what_handlers_know(tmp_path):
    site = Site(tmp_path, handler="mod_python.testhandler", options={"Mine": "a<b"}, debug=True)
    answer = site.get("/x?q=<i>", HTTP_X_SEEN="<script>")
    assert (answer.status, answer.named["content-type"]) == ("200 OK", "text/html; charset=utf-8")
    for title in ("General information", "Request input headers", "Server options"):
        assert f"<h3>{title}</h3>" in answer.body
    for name, value in (
        ("X-Seen", "&lt;script&gt;"),
        ("QUERY_STRING", "q=&lt;i&gt;"),
        ("PythonDebug", "1"),
        ("Mine", "a&lt;b"),
        ("Document root", str(tmp_path)),
    ):
        assert f"<tr><td>{name}</td><td><pre>{value}</pre></td></tr>" in answer.body
    assert "<script>" not in answer.body
