"""Applications for the ASGI tests."""

from __future__ import annotations

import asyncio

START = "http.response.start"
BODY = "http.response.body"
DISCONNECT = {"type": "http.disconnect"}


async def nothing(send):
    await send({"type": START, "status": 200, "headers": []})


def begin(status=200, headers=(), **more):
    return {"type": START, "status": status, "headers": list(headers), **more}


def piece(data=b"", more=False):
    return {"type": BODY, "body": data, "more_body": more}


def app_of(*events):
    """An application that sends these events."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            for event in events:
                await send(event)

    return app


async def answer(send, data=b"ok", headers=(), status=200):
    await send(begin(status, headers))
    await send(piece(data))


class Lab:
    """An application that records its events."""

    def __init__(self, run):
        self.run = run
        self.notes = []
        self.go = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.go = self.go or asyncio.Event()
            await self.run(self, scope, receive, send)


async def read_all(lab, scope, receive, send):
    while True:
        event = await receive()
        lab.notes.append(event)
        if event["type"] != "http.request" or not event["more_body"]:
            break
    await answer(send)
