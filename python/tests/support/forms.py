"""Bodies of forms, and what is in them."""

from io import BytesIO

from taipan.forms import PART_END, FieldStorage, MultipartParser, PartBegin

BOUNDARY = b"----WebKitFormBoundaryePkpFF7tjBAqx29L"


def make_part(disposition, content, *lines):
    head = [b"Content-Disposition: " + disposition, *lines]
    return b"\r\n".join([*head, b"", content])


def make_field(name, content):
    return make_part(b'form-data; name="%s"' % name, content)


def make_file(name, filename, content, *lines):
    lines = lines or (b"Content-Type: application/octet-stream",)
    return make_part(b'form-data; name="%s"; filename="%s"' % (name, filename), content, *lines)


def make_body(parts, boundary=BOUNDARY):
    delimited = [b"--%s\r\n%s\r\n" % (boundary, part) for part in parts]
    return b"".join([*delimited, b"--%s--\r\n" % boundary])


def make_environ(body, content_type, **more):
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        **more,
    }


def multipart_type(boundary=BOUNDARY):
    return f'multipart/form-data; boundary="{boundary.decode()}"'


def read_form(body, content_type=None, kind=FieldStorage, environ=None, **options):
    content_type = content_type or multipart_type()
    environ = environ or make_environ(body, content_type)
    return kind(BytesIO(body), environ=environ, **options)


def parse_pieces(pieces, boundary=BOUNDARY, **options):
    """Header fields and content of each part; the events must come in their order."""
    parser = MultipartParser(boundary, **options)
    events = [event for data in pieces for event in parser.feed(data)]
    return join_events(events + parser.close())


def join_events(events):
    parts = []
    is_open = False
    for event in events:
        if isinstance(event, PartBegin):
            assert not is_open
            is_open = True
            parts.append((dict(event.decode()), b""))
        elif event is PART_END:
            assert is_open
            is_open = False
        else:
            assert is_open and event != b""
            headers, content = parts[-1]
            parts[-1] = (headers, content + event)
    assert not is_open
    return parts
