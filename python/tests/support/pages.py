"""Compiles and runs PSP pages."""

from taipan.psp.page import PageOptions, compile_page

#: Globals of the pages of the tests.
NAMES = {"x": 1, "y": [1, 2], "f": lambda *args: "F"}


class Request:
    def __init__(self, write):
        self.write = lambda text, flush=1: write(text)


def run_page(source, dialect="mod_python", folder="/nowhere", **options):
    """The output of a page; an exception's name is added to what it wrote before."""
    content = source if isinstance(source, bytes) else source.encode()
    page = compile_page(f"{folder}/page.psp", content, PageOptions(dialect, **options))
    written = []
    namespace = dict(NAMES)
    if dialect == "mod_python":
        namespace["req"] = Request(written.append)
    try:
        page.run(namespace, written.append)
    except Exception as error:
        written.append(f"!{type(error).__name__}")
    return "".join(written)
