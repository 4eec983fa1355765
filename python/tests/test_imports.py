"""Modules import each other in one direction: see docs/architecture.md."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "taipan"

#: Rooms from top to bottom as in docs/architecture.md; each may import those below.
ROOMS = [
    {"inspection", "lrwp"},
    {"worker", "embedded"},
    {"worker_process"},
    {"interpreters", "preload", "service"},
    {"loop", "fresh", "main_thread"},
    {"serving", "asgi"},
    {"applications", "request_threads"},
    {"transports", "dispatch", "mod_wsgi"},
    {"guards"},
    {"scripts"},
    {"asp"},
    {"psp"},
    {"wsgi", "loader"},
]
#: Folders that belong to a room, in which they import and are imported.
PARTS = {"connection": "scripts", "ns": "scripts", "pools": "scripts"}


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path, modules):
    """Imports of a module, including those for types only and inside functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            full = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in full]
        else:
            continue
        yield from (name for name in names if name in modules)


def import_graph():
    modules = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    return {name: set(imports_of(path, modules)) - {name} for name, path in modules.items()}


GRAPH = import_graph()


def find_cycle(graph):
    """A circle of imports; empty if there is none."""
    done = set()

    def visit(name, way):
        if name in way:
            return way[way.index(name) :] + [name]
        if name in done:
            return []
        for other in sorted(graph[name]):
            if cycle := visit(other, [*way, name]):
                return cycle
        done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])


def folder_of(module):
    """The folder or file of the package that it is in."""
    return module.split(".")[1] if "." in module else module


def room_of(module):
    name = folder_of(module)
    return PARTS.get(name, name)


def level_of(module):
    """The index of its room; modules outside of rooms are below all."""
    room = room_of(module)
    return next((level for level, rooms in enumerate(ROOMS) if room in rooms), len(ROOMS))


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": set(), "d": {"b"}}
    assert find_cycle(graph) == ["b", "d", "b"]
    assert find_cycle({**graph, "d": {"c"}}) == []


def test_imports_for_types_alone_are_seen():
    assert "taipan.asgi.hub" in GRAPH["taipan.loop"]
    assert "taipan.frames" in GRAPH["taipan.transports.socket"]


def test_there_is_no_circle():
    assert find_cycle(GRAPH) == []


@pytest.mark.parametrize("module", sorted(GRAPH))
def test_imports_go_down(module):
    wrong = [
        other
        for other in GRAPH[module]
        if room_of(other) != room_of(module) and level_of(other) <= level_of(module) < len(ROOMS)
    ]
    assert wrong == []


def test_two_pairs_of_folders_import_each_other():
    known = {("connection", "ns"), ("connection", "scripts")}
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    imports = {(folder_of(one), folder_of(two)) for one, others in GRAPH.items() for two in others}
    mutual = {(one, two) for one, two in imports if one < two and (two, one) in imports}
    assert {pair for pair in mutual if folders.issuperset(pair)} == known


def test_what_is_in_no_room_imports_no_room():
    for module in GRAPH:
        if level_of(module) == len(ROOMS):
            assert [other for other in GRAPH[module] if level_of(other) < len(ROOMS)] == []


def test_a_worker_starts_without_what_few_serve():
    """Taipan writes no bytecode, so that each import at the start is compiled by each worker."""
    code = "import sys, taipan.worker; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, check=True, text=True
    )
    rooms = {folder_of(name) for name in done.stdout.split() if name.startswith("taipan.")}
    assert "serving" in rooms
    assert rooms & {"asgi", "fresh", "guards", "loop", "psp", "scripts"} == set()
