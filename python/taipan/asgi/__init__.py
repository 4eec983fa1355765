"""ASGI 3.0 without I/O: frames in, applications as asyncio tasks, frames out."""

from taipan.asgi.hub import StreamHub
from taipan.asgi.lifespan import StartupFailed

__all__ = ["StartupFailed", "StreamHub"]
