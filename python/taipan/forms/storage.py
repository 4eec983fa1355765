"""`FieldStorage`, as the module `cgi` of the standard library had it up to Python 3.12."""

from __future__ import annotations

import codecs
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from io import BytesIO, StringIO
from itertools import chain
from types import TracebackType
from typing import Any, Final

from taipan.forms.charsets import CHARSET_FIELD, resolve_charset
from taipan.forms.errors import FormError
from taipan.forms.fields import FieldMapping, MiniFieldStorage
from taipan.forms.headers import PartHeaders, parse_disposition, parse_header
from taipan.forms.limits import FormLimits, FormUsage
from taipan.forms.multipart import MultipartParser
from taipan.forms.reading import PartsReader, read_body
from taipan.forms.request import URLENCODED, method_of, open_request, parse_length
from taipan.forms.urlencoded import UrlencodedParser

#: Larger parts went to files with `cgi`, which a `make_file` of somebody else counts on.
_MEMORY_OF_CGI: Final = 1000
#: `list` and `type` are something else below.
Pieces = list[bytes]
Kind = type[BaseException]


class FieldStorage(FieldMapping):
    """A form, or a part of one; what has fields is used like a dictionary.

    `form[name]` is a field, or a list where several have the name.
    Raises `FormError`, whose `status` is 400 or 413.
    """

    #: May be replaced in a class of your own.
    limits = FormLimits()
    #: The class of the parts; None for the same.
    FieldStorageClass: type[Any] | None = None

    #: None where there was none.
    name: str | None
    #: As the client gave it: never a path to write to. None for a field that is no upload.
    filename: str | None
    #: None for what has fields.
    file: Any
    type: str
    type_options: dict[str, str]
    disposition: str
    disposition_options: dict[str, str]

    def __init__(
        self,
        fp: Any = None,
        headers: Any = None,
        outerboundary: bytes = b"",
        environ: Mapping[str, str] | None = None,
        keep_blank_values: Any = 0,
        strict_parsing: Any = 0,
        limit: int | None = None,
        encoding: str = "utf-8",
        errors: str = "replace",
        max_num_fields: int | None = None,
        separator: str = "&",
    ) -> None:
        """Reads the form of `environ` (default: `os.environ`) from `fp` (default: `sys.stdin`).

        `headers` replaces what `environ` says about the body; `limit` is its length without
        a Content-Length. `outerboundary` says that this is a part.
        """
        self.keep_blank_values = keep_blank_values
        self.strict_parsing = strict_parsing
        self.limit = limit
        self.encoding = encoding
        self.errors = errors
        self.max_num_fields = max_num_fields
        self.separator = separator
        if not isinstance(outerboundary, bytes):
            raise TypeError(f"outerboundary must be bytes, not {type(outerboundary).__name__}")
        self.outerboundary = outerboundary
        self.list = self.file = None
        self.qs_on_post: str | None = None
        environ = os.environ if environ is None else environ
        if isinstance(fp, PartsReader):
            self.fp, self._headers = fp, headers
            self._usage = fp.usage
        else:
            self.fp, self._headers, self.qs_on_post = open_request(fp, headers, environ)
            self._usage = FormUsage(self.limits, max_num_fields)
        self._take_headers(method_of(environ))
        try:
            self._read(environ)
        except BaseException:
            self.close()
            raise

    def _take_headers(self, method: str) -> None:
        headers = self._headers
        self.disposition, self.disposition_options = parse_disposition(
            headers["content-disposition"] if "content-disposition" in headers else ""
        )
        self.name = self.disposition_options.get("name")
        self.filename = self.disposition_options.get("filename")
        default = "text/plain" if self.outerboundary or method != "POST" else URLENCODED
        self.type, self.type_options = (
            parse_header(headers["content-type"]) if "content-type" in headers else (default, {})
        )
        boundary = self.type_options.get("boundary", "")
        self.innerboundary = boundary.encode(self.encoding, self.errors)
        # Some clients give parts a length; the boundary says where they end.
        self.length = -1
        if not self.outerboundary and "content-length" in headers:
            self.length = parse_length(headers["content-length"])
        self._binary_file = self.filename is not None or self.length >= 0
        if self.outerboundary and not self._binary_file:
            charset = self.type_options.get("charset", "")
            self.encoding = resolve_charset(charset) or self.encoding

    def _read(self, environ: Mapping[str, str]) -> None:
        kind = self.type.lower() if self.filename is None else ""
        if kind == URLENCODED:
            self._read_urlencoded()
        elif kind.startswith("multipart/"):
            self._read_multipart(environ)
        else:
            self._read_content()

    def _read_pieces(self) -> Iterator[bytes]:
        if isinstance(self.fp, PartsReader):
            return self.fp.read_content()
        length = self.limit if self.length < 0 and self.limit is not None else self.length
        return read_body(self.fp, length, self._usage)

    def _read_urlencoded(self) -> None:
        self.list = []
        self._add_urlencoded(self._read_pieces())
        self._add_query()

    def _add_query(self) -> None:
        if self.qs_on_post:
            self._add_urlencoded([os.fsencode(self.qs_on_post)])

    def _add_urlencoded(self, pieces: Iterable[bytes]) -> None:
        parser = UrlencodedParser(usage=self._usage)
        parser.encoding, parser.errors = self.encoding, self.errors
        parser.separator = self.separator
        parser.keep_blank_values = bool(self.keep_blank_values)
        parser.strict_parsing = bool(self.strict_parsing)
        add = self._items().extend
        for data in pieces:
            add(MiniFieldStorage(*pair) for pair in parser.feed(data))
        add(MiniFieldStorage(*pair) for pair in parser.close())

    def _read_multipart(self, environ: Mapping[str, str]) -> None:
        parts = self._open_parts()
        self.list = []
        self._add_query()
        encoding = self.encoding
        make_part = self.FieldStorageClass or self.__class__
        for part_begin in parts:
            part = make_part(
                parts,
                part_begin.decode(encoding, self.errors),
                self.innerboundary,
                environ,
                self.keep_blank_values,
                self.strict_parsing,
                None,
                encoding,
                self.errors,
                self.max_num_fields,
                self.separator,
            )
            self.list.append(part)
            if part.name == CHARSET_FIELD and isinstance(part.value, str):
                encoding = resolve_charset(part.value) or encoding

    def _open_parts(self) -> PartsReader:
        depth = 1 + (self.fp.depth if isinstance(self.fp, PartsReader) else 0)
        if depth > self._usage.limits.depth:
            raise FormError(f"multipart is nested more than {depth - 1} times (FormLimits.depth)")
        parser = MultipartParser(self.innerboundary, usage=self._usage)
        return PartsReader(self._read_pieces(), parser, depth)

    def _read_content(self) -> None:
        usage = self._usage
        usage.add_fields(1)
        if self.filename is not None:
            usage.add_file()
        most = usage.limits.part_memory
        if type(self).make_file is not FieldStorage.make_file:
            most = min(most, _MEMORY_OF_CGI)
        pieces = self._read_pieces()
        kept: Pieces = []
        size = 0
        for data in pieces:
            kept.append(data)
            if size + len(data) > most or not usage.take_memory(len(data)):
                usage.free_memory(size)
                self._write_file(chain(kept, pieces))
                break
            size += len(data)
        else:
            content = b"".join(kept)
            self.file = BytesIO(content) if self._binary_file else StringIO(self._decode(content))

    def _decode(self, content: bytes) -> str:
        try:
            return content.decode(self.encoding, self.errors)
        except UnicodeDecodeError as error:
            raise FormError(f"a field is not {self.encoding}: {error}") from None

    def _write_file(self, pieces: Iterable[bytes]) -> None:
        if self.filename is None:
            self._usage.add_file()
        self.file = self.make_file()
        write = self.file.write
        if self._binary_file:
            for data in pieces:
                write(data)
        else:
            try:
                for text in codecs.iterdecode(pieces, self.encoding, self.errors):
                    write(text)
            except UnicodeDecodeError as error:
                raise FormError(f"a field is not {self.encoding}: {error}") from None
        self.file.seek(0)

    def make_file(self) -> Any:
        """A new file for the content, open for writing and reading: of bytes for uploads.

        Yours to override; this one has no name and vanishes when it is closed.
        """
        if self._binary_file:
            return tempfile.TemporaryFile("wb+")
        # Nobody sees the bytes, and every text that came has to fit.
        return tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", newline="\n")

    @property
    def headers(self) -> Any:
        """All header fields: what was given, or `email.message.Message` for a part."""
        if isinstance(self._headers, PartHeaders):
            message = Message()
            for name, value in self._headers.pairs:
                message[name] = value
            self._headers = message
        return self._headers

    def __getattr__(self, name: str) -> Any:
        # Not a property: scripts set it.
        if name != "value":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self.file is None:
            return self.list
        self.file.seek(0)
        value = self.file.read()
        self.file.seek(0)
        return value

    def close(self) -> None:
        """Closes the files of this and of all parts."""
        if self.file is not None:
            self.file.close()
        for item in self.list or ():
            if isinstance(item, FieldStorage):
                item.close()

    def __enter__(self) -> FieldStorage:
        return self

    def __exit__(
        self,
        kind: Kind | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # A constructor that raised may not have come so far.
        file = self.__dict__.get("file")
        if file is not None:
            file.close()

    def __repr__(self) -> str:
        return f"FieldStorage({self.name!r}, {self.filename!r}, {self.value!r})"
