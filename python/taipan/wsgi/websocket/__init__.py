"""WebSockets of WSGI applications: the thread of the request holds one until it returns."""

from taipan.wsgi.websocket.socket import WebSocket, WebSocketClosed

__all__ = ["WebSocket", "WebSocketClosed"]
