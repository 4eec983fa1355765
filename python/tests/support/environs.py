"""What requests for scripts tell of themselves."""

import io


def make_environ(root, target, *, end=None, mount="", body=None, **more):
    """The environ of a request for a file below `root`; a POST with `body`.

    PATH_INFO begins at the index `end` of the path.
    """
    path, _, query = target.partition("?")
    end = len(path) if end is None else end
    environ = {
        "REQUEST_METHOD": "GET" if body is None else "POST",
        "REQUEST_URI": target,
        "SCRIPT_NAME": mount + path[:end],
        "PATH_INFO": path[end:],
        "QUERY_STRING": query,
        "SCRIPT_FILENAME": root + path[:end],
        "DOCUMENT_ROOT": root,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "taipan.software": "test",
    }
    if body is not None:
        environ["CONTENT_TYPE"] = "application/x-www-form-urlencoded"
        environ["CONTENT_LENGTH"] = str(len(body))
    return {**environ, **more}
