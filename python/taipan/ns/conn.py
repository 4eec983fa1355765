"""`Ns.Conn`."""

from __future__ import annotations

from typing import Any, Callable

from taipan.connection.connection import Connection
from taipan.connection.notices import notice
from taipan.ns.constants import ERROR, OK
from taipan.ns.request import Request
from taipan.ns.retired import retire
from taipan.ns.set import OutputSet, Set


def _fact(name: str) -> Callable[[Any], Any]:
    """A method that gives an attribute."""

    def read(self: Connection) -> Any:
        return getattr(self, name)

    read.__doc__ = f"`{name}`."
    return read


def _action(name: str) -> Callable[..., int]:
    """A method that returns OK."""

    def act(self: Connection, *args: Any, **named: Any) -> int:
        getattr(self, name)(*args, **named)
        return OK

    act.__doc__ = f"`{name}`; returns OK."
    return act


class Conn(Connection):
    """A `Connection` with the names of PyWX, too."""

    set_type = Set
    headers_type = OutputSet
    request_type = Request

    authUser = Connection.auth_user
    authPasswd = Connection.auth_passwd
    contentLength = Connection.content_length
    outputheaders = Connection.output_headers
    #: Nothing was kept there that scripts could use.
    flags = 0

    Read = Connection.read
    ReadLine = Connection.read_line
    ReadHeaders = retire("Conn.ReadHeaders", "the header has been read, and is in conn.headers")
    CopyToDString = Connection.read
    FlushContent = _action("flush_content")

    Write = Connection.write
    SendFp = _action("send_fp")
    SendFd = _action("send_fd")
    PrintfHeader = Connection.printf_header
    Close = _action("close")

    AuthUser = _fact("auth_user")
    AuthPasswd = _fact("auth_passwd")
    Peer = _fact("peer")
    PeerPort = _fact("peer_port")
    Server = _fact("server")
    Location = _fact("location")
    Host = _fact("host")
    Port = _fact("port")
    Sock = retire("Conn.Sock", "the socket belongs to Node.js; read() and write() are what it does")
    DriverContext = retire("Conn.DriverContext", "drivers of sockets are no modules here")

    Request = _fact("request")
    GetQuery = Connection.get_query
    Headers = _fact("headers")
    ContentLength = _fact("content_length")
    ModifiedSince = Connection.modified_since

    ResponseStatus = _fact("response_status")
    ResponseLength = _fact("response_length")
    ContentSent = _fact("content_sent")

    OutputHeaders = _fact("output_headers")
    SetHeaders = _action("set_headers")
    CondSetHeaders = _action("cond_set_headers")
    ReplaceHeaders = _action("replace_headers")
    SetRequiredHeaders = _action("set_required_headers")
    SetTypeHeader = _action("set_type_header")
    SetLengthHeader = _action("set_length_header")
    SetLastModifiedHeader = _action("set_last_modified_header")
    SetExpiresHeader = _action("set_expires_header")
    ConstructHeaders = retire(
        "Conn.ConstructHeaders",
        "the server writes the head; conn.output_headers and conn.status are what is in it",
    )
    FlushHeaders = _action("flush_headers")

    RunRequest = _action("run_request")
    Redirect = _action("redirect")
    GetConnInterp = retire("Conn.GetConnInterp", "there is no Tcl; write it in Python")
    TclEval = retire("Conn.TclEval", "there is no Tcl; write it in Python")

    ReturnOk = _action("return_ok")
    ReturnData = _action("return_data")
    ReturnHtml = _action("return_html")
    ReturnStatus = _action("return_status")
    ReturnNoResponse = _action("return_no_response")
    ReturnRedirect = _action("return_redirect")
    ReturnNotModified = _action("return_not_modified")
    ReturnBadRequest = _action("return_bad_request")
    ReturnUnauthorized = _action("return_unauthorized")
    ReturnForbidden = _action("return_forbidden")
    ReturnNotFound = _action("return_not_found")
    ReturnInternalError = _action("return_internal_error")
    ReturnNotImplemented = _action("return_not_implemented")
    ReturnFile = _action("return_file")
    ReturnOpenFile = _action("return_open_file")
    ReturnOpenFd = _action("return_open_fd")

    def CopyToFile(self, size: int, file: Any) -> int:
        """`copy_to_file`, with its arguments the other way round; returns OK."""
        self.copy_to_file(file, size)
        return OK

    def CopyToFd(self, size: int, descriptor: int) -> int:
        """`copy_to_fd`, with its arguments the other way round; returns OK."""
        self.copy_to_fd(descriptor, size)
        return OK

    def WriteConn(self, data: str | bytes) -> int:
        """`write`; tells OK, or ERROR when the client has left."""
        try:
            self.write(data)
        except ConnectionError:
            return ERROR
        return OK

    def DriverName(self) -> str:
        """`nsssl` for https, else `nssock`."""
        return "nsssl" if self.scheme == "https" else "nssock"

    def ReturnNotice(self, status: int, title: str | None, message: str) -> int:
        """`return_notice` with a message that is HTML."""
        self._answer(notice("return_notice", status, message, title))
        return OK

    def ReturnAdminNotice(self, status: int, title: str | None, message: str) -> int:
        """`return_notice` with a message that is HTML."""
        self._answer(notice("return_admin_notice", status, message, title))
        return OK
