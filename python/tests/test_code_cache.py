"""What is made of files is made once for each version of them."""

import os
import threading
import time

import pytest

from taipan.loader.code_cache import CodeCache, FileCache, file_stamp
from taipan.psp.errors import PageSyntaxError
from taipan.psp.page import PageCache, PageOptions


class Built:
    """Counts how often something is made, of a file and of FILE.more where that exists."""

    def __init__(self):
        self.count = 0

    def __call__(self, path):
        self.count += 1
        more = f"{path}.more"
        stamps = {name: file_stamp(name) for name in (path, more) if os.path.exists(name)}
        with open(path) as stream:
            return stream.read(), stamps


def write(path, text, ns=10**18):
    """With a time that is long ago, since what was written just now is not kept."""
    path.write_text(text)
    os.utime(path, ns=(ns, ns))


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "file", "old", 10**18)
    return tmp_path / "file"


def test_a_value_is_kept(path):
    built = Built()
    cache = FileCache(built)
    assert [cache.load(str(path)), cache.load(str(path))] == ["old", "old"]
    assert built.count == 1


@pytest.mark.parametrize("change", ["newer", "older", "fraction", "size", "inode"])
def test_another_version_is_made_anew(change, path):
    cache = FileCache(Built())
    cache.load(str(path))
    times = {"newer": 11 * 10**17, "older": 1, "fraction": 10**18 + 1000}
    if change == "inode":
        other = path.with_name("other")
        write(other, "new", 10**18)
        os.replace(other, path)
    else:
        write(path, "new" if change != "size" else "new!", times.get(change, 10**18))
    assert cache.load(str(path)).startswith("new")


def test_what_it_was_made_of_besides_is_watched(path):
    built = Built()
    more = path.with_name("file.more")
    write(more, "a", 10**18)
    cache = FileCache(built)
    cache.load(str(path))
    write(more, "b", 11 * 10**17)
    cache.load(str(path))
    assert built.count == 2
    more.unlink()
    cache.load(str(path))
    cache.load(str(path))
    assert built.count == 3


def test_a_version_that_the_caller_knows(path):
    built = Built()
    cache = FileCache(built)
    cache.load(str(path), "first")
    # It is taken at its word, and others look.
    write(path, "new", 11 * 10**17)
    assert cache.load(str(path), "first") == "old"
    assert cache.load(str(path), "second") == "new"
    assert cache.load(str(path)) == "new"
    assert cache.load(str(path), "third") == "new"
    assert built.count == 2


def test_what_it_was_made_of_besides_is_watched_whatever_the_version(path):
    built = Built()
    more = path.with_name("file.more")
    write(more, "a")
    cache = FileCache(built)
    cache.load(str(path), 1)
    cache.load(str(path), 1)
    write(more, "b", 11 * 10**17)
    cache.load(str(path), 1)
    assert built.count == 2


def test_what_was_written_just_now_is_not_kept(path):
    def build(name):
        now = time.time_ns()
        os.utime(name, ns=(now, now))
        return object(), {name: file_stamp(name)}

    cache = FileCache(build)
    cache.load(str(path))
    assert len(cache) == 0


def test_a_file_that_vanished_has_no_value(path):
    cache = FileCache(Built())
    cache.load(str(path))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        cache.load(str(path))


def test_those_not_asked_for_are_dropped(tmp_path):
    built = Built()
    cache = FileCache(built, limit=3)
    for name in "abc":
        write(tmp_path / name, name)
        cache.load(str(tmp_path / name))
    cache.load(str(tmp_path / "a"))
    write(tmp_path / "d", "d")
    cache.load(str(tmp_path / "d"))
    assert len(cache) == 3
    cache.load(str(tmp_path / "a"))
    assert built.count == 4
    cache.load(str(tmp_path / "b"))
    assert built.count == 5


def test_without_room_each_is_made_anew(path):
    built = Built()
    cache = FileCache(built, limit=0)
    assert cache.load(str(path), "version") is not cache.load(str(path), "version")
    assert (built.count, len(cache)) == (2, 0)


def test_two_who_ask_at_once_get_one_value(path):
    begun, go = threading.Event(), threading.Event()
    count = []

    def build(name):
        count.append(name)
        begun.set()
        assert go.wait(30)
        return object(), {name: file_stamp(name)}

    cache = FileCache(build)
    values = []
    threads = [
        threading.Thread(target=lambda: values.append(cache.load(str(path)))) for _ in range(8)
    ]
    threads[0].start()
    assert begun.wait(30)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert len(count) == 1
    assert len(set(map(id, values))) == 1


def test_others_do_not_wait_for_it(path):
    other = path.with_name("other")
    write(other, "other")
    cache = FileCache(lambda name: (cache.load(str(other)) if name == str(path) else name, {}))
    assert cache.load(str(path)) == str(other)


def test_errors_are_not_kept(path):
    cache = CodeCache()
    write(path, "1 +", 10**18)
    for _ in range(2):
        with pytest.raises(SyntaxError):
            cache.load(str(path))
    write(path, "1 + 1", 10**18)
    assert cache.load(str(path)).co_filename == str(path)


def test_pages_are_compiled_again_when_an_include_differs(tmp_path):
    page, part = tmp_path / "page.psp", tmp_path / "part.psp"
    write(page, '<%@ include file="part.psp" %>', 10**18)
    cache = PageCache(PageOptions())

    def output():
        written = []
        cache.load(str(page)).run({}, written.append)
        return "".join(written)

    with pytest.raises(PageSyntaxError):
        cache.load(str(page))
    write(part, "old", 10**18)
    assert output() == "old"
    assert cache.load(str(page)) is cache.load(str(page))
    write(part, "new", 2 * 10**18)
    assert output() == "new"
    assert set(cache.load(str(page)).stamps) == {str(page), str(part)}
    part.unlink()
    with pytest.raises(PageSyntaxError):
        cache.load(str(page))


def test_a_fifo_is_no_file(tmp_path):
    path = tmp_path / "x.py"
    os.mkfifo(path)
    with pytest.raises(FileNotFoundError, match="Not a regular file"):
        CodeCache().load(str(path))
    with pytest.raises(FileNotFoundError):
        PageCache(PageOptions()).load(str(path))
