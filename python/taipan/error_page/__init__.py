"""What `--dev` tells about an exception: described once, then a page, JSON or a text."""

from taipan.error_page.html_page import HtmlPage, format_html
from taipan.error_page.json_text import format_json
from taipan.error_page.report import ErrorReport, describe_error
from taipan.error_page.request import RequestFacts, describe_request

__all__ = [
    "ErrorReport",
    "HtmlPage",
    "RequestFacts",
    "describe_error",
    "describe_request",
    "format_html",
    "format_json",
]
