"""Infinite recursion in Python and through C. Each probe ends in an exception."""

import ast
import copy
import functools
import json
import pickle
import re
import sys


def run(name, limit=None):
    """Runs a probe; returns its result or the name of its exception."""
    before = sys.getrecursionlimit()
    if limit:
        sys.setrecursionlimit(limit)
    try:
        return str(globals()["probe_" + name]())[:20]
    except BaseException as error:
        return type(error).__name__
    finally:
        sys.setrecursionlimit(before)


def names():
    return sorted(name[6:] for name in globals() if name.startswith("probe_"))


def probe_python():
    return probe_python()


def probe_deep():
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(6000)
    try:
        return down(5000)
    finally:
        sys.setrecursionlimit(before)


def probe_sorted():
    def key(_):
        return sorted([1], key=key)

    return key(1)


def probe_map():
    def down(_):
        return list(map(down, [1]))

    return down(1)


def probe_reduce():
    def down(_a, _b):
        return functools.reduce(down, [1, 2])

    return down(1, 2)


def probe_partial():
    def down():
        return functools.partial(down)()

    return down()


def probe_repr():
    nested = []
    for _ in range(200_000):
        nested = [nested]
    try:
        return len(repr(nested))
    finally:
        while nested:
            nested = nested[0]


def probe_repr_method():
    class Thing:
        def __repr__(self):
            return repr([self])

    return repr(Thing())


def probe_getattr():
    class Thing:
        def __getattr__(self, name):
            return getattr(self, name + "x")

    return Thing().a


def probe_property():
    class Thing:
        @property
        def it(self):
            return self.it

    return Thing().it


def probe_eq():
    class Thing:
        def __eq__(self, other):
            return [self] == [other]

        __hash__ = None

    return Thing() == Thing()


def probe_lt():
    class Thing:
        def __lt__(self, other):
            return sorted([self, other]) and True

    return sorted([Thing(), Thing()])


def probe_hash():
    class Thing:
        def __hash__(self):
            return hash((self,))

    return hash(Thing())


def probe_call():
    class Thing:
        def __call__(self):
            return self()

    return Thing()()


def probe_new():
    class Thing:
        def __init__(self):
            Thing()

    return Thing()


def probe_str_format():
    class Thing:
        def __format__(self, spec):
            return f"{self}"

    return format(Thing())


def probe_iter():
    class Thing:
        def __iter__(self):
            return iter(list(self))

    return list(Thing())


def probe_generator():
    def down():
        yield from down()

    return list(down())


def probe_json_dumps():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    try:
        return len(json.dumps(nested))
    finally:
        while nested:
            nested = nested[0]


def probe_json_loads():
    return len(json.loads("[" * 100_000 + "]" * 100_000))


def probe_pickle_dumps():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    try:
        return len(pickle.dumps(nested))
    finally:
        while nested:
            nested = nested[0]


def probe_pickle_reduce():
    class Thing:
        def __reduce__(self):
            return (list, (), None, iter([Thing()]))

    return len(pickle.dumps(Thing()))


def probe_deepcopy():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    try:
        return len(copy.deepcopy(nested))
    finally:
        while nested:
            nested = nested[0]


def probe_compile_parens():
    return type(compile("(" * 100_000 + ")" * 100_000, "x", "eval")).__name__


def probe_compile_unary():
    return type(compile("-" * 100_000 + "1", "x", "eval")).__name__


def probe_compile_not():
    return type(compile("not " * 50_000 + "1", "x", "eval")).__name__


def probe_compile_binary():
    return type(compile("1" + "+1" * 100_000, "x", "eval")).__name__


def probe_compile_attribute():
    return type(compile("a" + ".a" * 100_000, "x", "eval")).__name__


def probe_compile_call():
    return type(compile("a" + "()" * 100_000, "x", "eval")).__name__


def probe_compile_lambda():
    return type(compile("lambda: " * 20_000 + "1", "x", "eval")).__name__


def probe_compile_tree():
    place = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
    tree = ast.Constant(1, **place)
    for _ in range(100_000):
        tree = ast.UnaryOp(ast.USub(), tree, **place)
    return type(compile(ast.Expression(tree), "x", "eval")).__name__


def probe_literal_eval():
    return type(ast.literal_eval("[" * 10_000 + "]" * 10_000)).__name__


def probe_exec():
    names = {}
    source = "def down():\n    exec('down()', globals())\n"
    exec(source, names)
    return names["down"]()


def probe_import():
    return __import__("taipan_missing_" + "a." * 2000 + "b")


def probe_regex():
    return re.compile("(" * 5_000 + ")" * 5_000).pattern[:3]


def probe_isinstance():
    class Meta(type):
        def __instancecheck__(cls, other):
            return isinstance(other, (cls,))

    class Thing(metaclass=Meta):
        pass

    return isinstance(1, Thing)


def probe_del_chain():
    class Thing:
        pass

    head = Thing()
    for _ in range(200_000):
        nxt = Thing()
        nxt.nxt = head
        head = nxt
    del head, nxt
    return "gone"


def probe_exception_chain():
    def down(error):
        try:
            raise ValueError from error
        except ValueError as one:
            down(one)

    down(None)


def probe_lru_cache():
    @functools.lru_cache(maxsize=None)
    def down(n):
        return down(n + 1)

    return down(0)


def probe_contextmanager():
    import contextlib

    @contextlib.contextmanager
    def down():
        with down():
            yield

    with down():
        pass


def probe_asyncio_run():
    import asyncio

    async def down():
        return await down()

    return asyncio.run(down())
