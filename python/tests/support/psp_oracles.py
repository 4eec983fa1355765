"""Runs pages with the parsers of mod_python or Webware themselves: DIALECT PAGES ANSWERS.

A program of its own, since mod_python's parser prints to stdout and ends the process when an
included file is missing.
"""

import builtins
import importlib.util
import json
import os
import sys
import types
import warnings
from pathlib import Path

NAMES = {"x": 1, "y": [1, 2], "f": lambda *args: "F"}


def load_mod_python():
    library = next(Path("/usr/lib/python3/dist-packages/mod_python").glob("_psp.*.so"))
    spec = importlib.util.spec_from_file_location("_psp", library)
    parser = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(parser)

    def run(folder, written):
        code = compile(parser.parse("page.psp", folder + "/"), "page", "exec")
        request = types.SimpleNamespace(write=lambda text, flush=1: written.append(text))
        return lambda: exec(code, {**NAMES, "req": request})

    return run


def load_webware():
    # Without the package's own `__init__`, which wants the entire server.
    place = importlib.util.find_spec("webware").submodule_search_locations[0]
    for name, path in (("webware", place), ("webware.PSP", f"{place}/PSP")):
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [path]
    from webware.PSP.Context import PSPCLContext
    from webware.PSP.PSPCompiler import Compiler

    sys.modules["Page"] = types.ModuleType("Page")
    sys.modules["Page"].Page = type("Page", (), {"write": lambda self, text: self.out(text)})
    vars(builtins).update(NAMES)

    def run(folder, written):
        context = PSPCLContext(f"{folder}/page.psp")
        context.setClassName("page_psp")
        context.setPythonFileName(f"{folder}/made.py")
        context.setPythonFileEncoding("utf-8")
        Compiler(context).compile()
        code = compile(Path(folder, "made.py").read_text("utf-8"), "page", "exec")

        def call():
            namespace = {}
            exec(code, namespace)
            made = namespace["page_psp"]()
            made.out = written.append
            made._writeHTML(types.SimpleNamespace(write=written.append))

        return call

    return run


def answer(run, folder):
    written = []
    try:
        call = run(folder, written)
    except Exception:
        return "refused"
    try:
        call()
    except Exception as error:
        written.append(f"!{type(error).__name__}")
    return "".join(written)


def main(dialect, pages, answers):
    warnings.simplefilter("ignore")
    run = load_mod_python() if dialect == "mod_python" else load_webware()
    folder = os.path.dirname(pages)
    results = []
    for source in json.loads(Path(pages).read_text("utf-8")):
        Path(folder, "page.psp").write_bytes(source.encode())
        results.append(answer(run, folder))
    Path(answers).write_text(json.dumps(results), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
