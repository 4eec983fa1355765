"""Forms of requests: parsers without I/O, and `FieldStorage` of the former module `cgi`."""

from taipan.forms.errors import FormError
from taipan.forms.fields import MiniFieldStorage
from taipan.forms.headers import PartHeaders, parse_header
from taipan.forms.limits import FormLimits
from taipan.forms.multipart import PART_END, MultipartParser, PartBegin, PartEnd
from taipan.forms.parsing import parse, parse_multipart
from taipan.forms.storage import FieldStorage
from taipan.forms.urlencoded import UrlencodedParser

__all__ = [
    "PART_END",
    "FieldStorage",
    "FormError",
    "FormLimits",
    "MiniFieldStorage",
    "MultipartParser",
    "PartBegin",
    "PartEnd",
    "PartHeaders",
    "UrlencodedParser",
    "parse",
    "parse_header",
    "parse_multipart",
]
