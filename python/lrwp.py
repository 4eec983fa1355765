"""The module `lrwp` of programs for Xitami: peers of a server that speaks LRWP.

    import lrwp

    peer = lrwp.LRWP("calc", "localhost", 1081)
    peer.connect()
    while True:
        request = peer.acceptRequest()
        request.out.write("Content-Type: text/plain\\n\\nhello")
        request.finish()

Started by a server as a CGI program, the same code answers the one request that it was started for.
"""

from taipan.lrwp.library import LRWP, ConnectError, ConnectionClosed, Request, SocketError

__all__ = ["LRWP", "ConnectError", "ConnectionClosed", "Request", "SocketError"]
