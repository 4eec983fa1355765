"""URL maps of PyISAPIe sites."""

import pytest

from support.isapi_sites import IsapiSite
from taipan.scripts.pyisapie import url_map

BLOG = """from Http import *
def home(): Write('home')
def entry(year, month, name=None): Write(f'{year} {month} {name}')
def other(*groups): Write(repr(groups))
def missing(path): Header(Status=404); Write(f'no {path}')
"""


@pytest.fixture
def site(tmp_path):
    site = IsapiSite(tmp_path)
    site.write("WWW/__init__.py", "")
    site.write("WWW/Blog.py", BLOG)
    return site


REGEX = """from Http import *
from Http.Regex import Map
Request = Map({
    r'/isapi/blog/?$': 'WWW.Blog.home',
    r'/isapi/blog/(\\d{4})/(\\d{2})(?:/(?P<name>\\w+))?$': 'WWW.Blog.entry',
    r'/isapi/direct': lambda: Write('direct'),
}%s)
"""


def test_patterns(site):
    site.write("Isapi.py", REGEX % "")
    for path, text in {
        "blog": "home",
        "blog/": "home",
        "blog/2008/01/x": "2008 01 x",
        "blog/2008/01": "2008 01 None",
        "direct/more": "direct",
    }.items():
        assert [site.text(f"/isapi/{path}") for _ in range(2)] == [text, text]
    for path in ("blog/x", "x/isapi/blog"):
        assert site.get(f"/isapi/{path}").field("X-Taipan-Pass") == "next"
    site.write("WWW/Blog.py", BLOG.replace("'home'", "'new'"))
    assert site.text("/isapi/blog") == "new"


def test_patterns_with_a_last_resort(site):
    site.write("Isapi.py", REGEX % ", NotFound='WWW.Blog.missing'")
    answer = site.get("/isapi/<none>")
    assert (answer.status, answer.body) == (404, b"no /isapi/<none>")


def test_maps_within_maps(site):
    site.write(
        "Isapi.py",
        "from Http.Advanced import Map\nRequest = Map([\n"
        "    {'WWW': {'Blog': {'/home$': 'home', '/(a)/(?P<b>b)$': 'other'}}},\n"
        "    [{'/more/': 'WWW.Blog.home'}],\n])\n",
    )
    assert site.text("/isapi/deep/home") == "home"
    assert site.text("/isapi/a/b") == "('a', 'b')"
    assert site.text("/isapi/more/x") == "home"
    answer = site.get("/isapi/none")
    assert (answer.status, answer.body) == (404, b"Not Found\n")
    site.write(
        "Isapi.py",
        "from Http.Advanced import Map\n"
        "Request = Map({'/home': 'home'}, Prefix='WWW.Blog.', NotFound=lambda path: True)\n",
    )
    assert site.text("/isapi/home") == "home"
    assert site.get("/isapi/none").field("X-Taipan-Pass") == "next"


def test_the_map_of_old(site):
    site.write("Isapi.py", "from Http import URL\n\nRequest = URL.HandleRequest\n")
    site.write("WWW/URL.py", "Map = [{'Blog': {'home$': 'home'}}, {'(.*)': 'Blog.other'}]\n")
    assert site.text("/isapi/home") == "home"
    assert site.text("/isapi/x") == "('/isapi/x',)"
    site.write("WWW/URL.py", "Map = {'Blog': {'home$': 'home', 'new$': 'home'}}\n")
    assert site.text("/isapi/new") == "home"
    assert site.get("/isapi/x").status == 404


def test_the_examples_of_old(site):
    """Their ways to import and to remember, after 2to3."""
    site.write(
        "Isapi.py",
        "from Http import *\nimport re\n"
        "MapURL = {r'^/isapi/blog/(\\d+)$': 'WWW.Blog.other'}\nFastMaps = []\n"
        "for Pattern, Handler in list(MapURL.items()):\n"
        "  Module, Function = Handler.rsplit('.', 1)\n"
        "  Handler = getattr(__import__(Module, (), (), ('',)), Function)\n"
        "  FastMaps.append((re.compile(Pattern).match, Handler))\n"
        "def Request():\n"
        "  for Match, Handler in FastMaps:\n"
        "    R = Match(Env.URL)\n"
        "    if R: return Handler(* R.groups(), ** R.groupdict())\n"
        "  Header(Status = 404)\n",
    )
    assert site.text("/isapi/blog/12") == "('12',)"
    assert site.get("/isapi/blog").status == 404


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ("{'/a': 'home'}", "names no function of a module"),
        ("{'/a': 'WWW.Blog.none'}", "has no attribute 'none'"),
        ("{'/a': 'WWW.None.home'}", "No module named"),
        ("{'/a': 'WWW.Blog.Env'}", "is no function"),
        ("{'(': 'WWW.Blog.home'}", "unterminated|missing"),
        ("[5]", "a URL map is a dictionary"),
        ("5", "a URL map is a dictionary"),
    ],
)
def test_maps_that_are_none(site, maps, message):
    site.write("Isapi.py", f"from Http.Advanced import Map\nRequest = Map({maps})\n")
    assert site.get().status == 500
    import re

    assert re.search(message, site.recorder.records[-1])


def test_urls_that_are_remembered_have_a_bound(site, monkeypatch):
    monkeypatch.setattr(url_map, "_LIMIT", 5)
    site.write(
        "Isapi.py", "from Http.Regex import Map\nRequest = Map({'/(.*)': 'WWW.Blog.other'})\n"
    )
    for number in range(20):
        assert site.text(f"/isapi/{number}") == f"('isapi/{number}',)"
