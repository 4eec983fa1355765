"""The scope of requests, frame by frame."""

from __future__ import annotations

from support.asgi_apps import answer
from support.asgi_driver import GET


def test_a_scope_has_every_key(drive):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await answer(send)

    driver = drive(app)
    driver.get(headers=[(b"x", b"1"), (b"a", b"2"), (b"x", b"3")])
    scope = scopes[-1]
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["extensions"] == {"http.response.pathsend": {}, "http.response.early_hint": {}}
    assert scope["state"] == {}
    assert [tuple(pair) for pair in scope["headers"]] == [(b"x", b"1"), (b"a", b"2"), (b"x", b"3")]
    assert set(GET) <= set(scope)


def test_nothing_that_an_application_changes_is_seen_by_another_request(drive):
    async def app(scope, receive, send):
        seen = repr((scope["asgi"], scope["extensions"], scope["state"], scope["headers"]))
        for key in ("asgi", "extensions", "state"):
            scope[key]["spoiled"] = True
        for inner in scope["extensions"].values():
            if isinstance(inner, dict):
                inner["spoiled"] = True
        scope["headers"].append((b"spoiled", b""))
        await answer(send, seen.encode())

    driver = drive(app)
    assert b"spoiled" not in driver.get().body
    assert b"spoiled" not in driver.get().body


def test_extensions_are_offered_where_they_work(drive):
    async def app(scope, receive, send):
        await answer(send, b" ".join(name.encode() for name in sorted(scope["extensions"])))

    driver = drive(app)
    assert driver.get(http_version="1.0").body == b"http.response.pathsend"
    both = b"http.response.early_hint http.response.pathsend"
    assert driver.get().body == both
    for value in (b"trailers", b"gzip, trailers", b"gzip;q=0.5,Trailers ;q=1"):
        assert driver.get(headers=[(b"te", value)]).body == both + b" http.response.trailers"
    lines = [(b"te", b"gzip"), (b"x", b"y"), (b"te", b"trailers")]
    assert driver.get(headers=lines).body == both + b" http.response.trailers"
    assert driver.get(headers=lines, http_version="1.0").body == b"http.response.pathsend"
    assert driver.get(http_version="2").body == both + b" http.response.trailers"
    for name, value in ((b"te", b"trailers2"), (b"te", b"gzip"), (b"xte", b"trailers")):
        assert driver.get(headers=[(name, value)]).body == both
