"""Modules of PyISAPIe sites, and the interpreters that have their own."""

import os
import sys
import threading

import pytest

from support.isapi_sites import IsapiSite
from taipan.loader.errors import TargetError
from taipan.scripts.checks import check_scripts
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pyisapie import interpreters
from taipan.scripts.pyisapie.server import PyisapieServer

COUNT = (
    "from Http import *\nimport state\ndef Request():\n    Write(f'{__interp__} {state.count()}')\n"
)
STATE = "value = 0\ndef count():\n    global value\n    value += 1\n    return value\n"


@pytest.fixture
def site(tmp_path):
    return IsapiSite(tmp_path)


def counting(site):
    site.write("Isapi.py", COUNT)
    site.write("state.py", STATE)
    return site


def test_a_module_is_loaded_once_and_again_when_it_differs(site):
    counting(site)
    assert [site.text() for _ in range(3)] == ["__main__ 1", "__main__ 2", "__main__ 3"]
    site.write("state.py", f"{STATE}# changed\n")
    assert site.text() == "__main__ 1"
    site.write("Isapi.py", COUNT.replace("' *", "'").replace("f'", "f'new "))
    assert site.text() == "new __main__ 1"


def test_a_module_that_fails_is_tried_again(site):
    for broken in ("import nowhere\n", "def Request(:\n", "1 / 0\n", "Request = 5\n"):
        site.write("Isapi.py", broken)
        assert site.get().status == 500
    assert "has no function Request()" in site.recorder.records[-1]
    site.write("Isapi.py", "async def Request(): return True\n")
    assert site.get().status == 500
    assert "Request() is a coroutine" in site.recorder.records[-1]
    site.serve("Write('well')")
    assert site.text() == "well"


def test_a_module_may_have_any_name(tmp_path):
    site = IsapiSite(tmp_path, "pkg.Start")
    site.write("pkg/__init__.py", "")
    site.write("pkg/Start.py", "from Http import *\ndef Request():\n    Write(__name__)\n")
    assert site.text().endswith(".pkg.Start")
    os.remove(f"{site.root}/pkg/Start.py")
    assert site.get().status == 500
    assert f"there is no module pkg.Start in {site.root}" in site.recorder.records[-1]


def test_a_module_is_missed_before_requests(tmp_path):
    folders = ModuleFolders(str(tmp_path))

    def check(module):
        return PyisapieServer.check({"module": module}, folders)

    site = IsapiSite(tmp_path)
    assert check("Isapi") == []
    site.write("Http/__init__.py", "")
    site.write("Http/Isapi.py", "")
    assert check("Isapi") == [f"{site.root}/Http/Isapi.py"]
    site.write("pkg/__init__.py", "")
    assert check("pkg") == [f"{site.root}/pkg/__init__.py"]
    # Where it is installed is seen when it is imported.
    assert check("json.Isapi") == []
    with pytest.raises(TargetError, match=f"there is no module Nothing.Isapi in {site.root}"):
        check("Nothing.Isapi")


def test_files_answer_where_there_is_no_module(site):
    page = "from Http import *\nimport state\ndef Request():\n    Write(str(state.count()))\n"
    site.write("Sub/My-Page.py", page)
    site.write("state.py", STATE)
    site.write("data.txt", "text")
    site.write("a.b.py", page)
    site.write("helper.py", "")
    assert [site.text("/isapi/Sub/My-Page.py") for _ in range(2)] == ["1", "2"]
    assert site.text("/isapi/Sub/My-Page.py/more") == "3"
    site.write("Sub/My-Page.py", page.replace("Write(", "Write('new ' + "))
    assert site.text("/isapi/Sub/My-Page.py") == "new 4"
    for name in ("", "Sub", "none.py", "data.txt", "a.b.py", "helper.py", "sub/my-page.py"):
        assert site.get(f"/isapi/{name}").field("X-Taipan-Pass") == "next", name
    site.write("broken.py", "def Request(:\n")
    assert site.get("/isapi/broken.py").status == 500
    site.serve("Write('module')")
    assert site.text("/isapi/Sub/My-Page.py") == "module"
    os.remove(f"{site.root}/Isapi.py")
    assert site.text("/isapi/Sub/My-Page.py") == "new 1"


def test_the_package_of_a_site_comes_first(site):
    site.write(
        "Http/__init__.py",
        "__all__ = ('Config', 'Env', 'Write')\nfrom PyISAPIe import Env, Write\nOWN = 1\n",
    )
    site.write("Http/Config.py", "BufferSize = 64\nStaticHeaders = 'X-Own: 1'\n")
    site.write("Http/Isapi.py", "from Http import *\ndef Request():\n    Write('x' * 65)\n")
    answer = site.get()
    assert (answer.field("X-Own"), answer.field("Content-Length")) == ("1", None)
    assert answer.body == b"x" * 65


def test_a_module_changes_the_configuration(site):
    site.write(
        "Isapi.py",
        "from Http import Config, Write\nConfig.DefaultHeaders = ['X-A: 1']\nConfig.Mine = 5\n"
        "Config.StaticHeaders = None\ndef Request():\n    Write(str(Config.Mine))\n",
    )
    answer = site.get()
    assert (answer.fields, answer.body) == ([("X-A", "1"), ("Content-Length", "1")], b"5")
    site.write("Isapi.py", "from Http import Config\nConfig.DefaultHeaders = 'nothing'\n" + COUNT)
    site.write("state.py", STATE)
    assert site.get().status == 500
    assert "Http.Config.DefaultHeaders: 'nothing' is no header" in site.recorder.records[-1]
    site.serve("Write(str(hasattr(Config, 'Mine')))")
    assert site.text() == "False"


def test_a_variable_maps_to_interpreters(tmp_path):
    site = counting(IsapiSite(tmp_path, interpreterMap="SERVER_NAME"))
    one, two = {"HTTP_HOST": "one.test"}, {"HTTP_HOST": "two.test:80"}
    assert site.text(**one) == "one.test 1"
    assert site.text(**two) == "two.test 1"
    assert site.text(**one) == "one.test 2"
    site.write("state.py", f"{STATE}# changed\n")
    assert [site.text(**two), site.text(**one)] == ["two.test 1", "one.test 1"]


def test_a_variable_without_a_value_means_the_main_one(tmp_path):
    site = counting(IsapiSite(tmp_path, interpreterMap="HTTP_X_SITE"))
    assert [site.text(), site.text(HTTP_X_SITE="a"), site.text()] == [
        "__main__ 1",
        "a 1",
        "__main__ 2",
    ]


def test_each_interpreter_has_its_configuration(tmp_path):
    site = IsapiSite(tmp_path, interpreterMap="SERVER_NAME")
    site.write(
        "Isapi.py",
        "import os\nfrom Http import *\nConfig.StaticHeaders = 'X-Site: ' + __interp__\n"
        "os.environ['SITE_SETTINGS'] = __interp__\n"
        "def Request():\n    Write(Config.StaticHeaders + os.environ['SITE_SETTINGS'])\n"
        "    os.environ['OF_REQUEST'] = '1'\n",
    )
    for _ in range(2):
        for name in ("one.test", "two.test"):
            answer = site.get(HTTP_HOST=name)
            assert answer.field("X-Site") == name
            assert answer.body.decode() == f"X-Site: {name}{name}"
    assert not {"SITE_SETTINGS", "OF_REQUEST"} & set(os.environ)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("def choose(env):\n    return env.HTTP_X_SITE\n", ["__main__ 1", "a 1", "__main__ 2"]),
        (
            "def choose():\n    return Env.HTTP_X_SITE or None\n",
            ["__main__ 1", "a 1", "__main__ 2"],
        ),
        ("choose = lambda env: 5\n", ["5 1", "5 2", "5 3"]),
    ],
)
def test_a_function_maps_to_interpreters(tmp_path, function, names):
    site = counting(IsapiSite(tmp_path, interpreterMap="maps.py:choose"))
    site.write("maps.py", f"from Http import Env\n{function}")
    assert [site.text(), site.text(HTTP_X_SITE="a"), site.text()] == names


def test_a_function_has_to_be_there(tmp_path):
    for target, message in (
        ("maps.py:none", "no attribute|has no"),
        ("none.py:choose", "there is no file"),
    ):
        site = counting(IsapiSite(tmp_path, interpreterMap=target))
        site.write("maps.py", "def choose(env): 1 / 0\n")
        with pytest.raises(TargetError, match=message):
            assert site.server
    site = counting(IsapiSite(tmp_path, interpreterMap="maps.py:choose"))
    assert site.server
    assert site.get().status == 500


def test_a_check_looks_for_the_function_of_the_map(tmp_path):
    site = counting(IsapiSite(tmp_path / "site"))
    site.write("maps.py", "from Http import Env\ndef choose(env): return Env.URL\n")
    (tmp_path / "beside.py").write_text("def choose(): return 'a'\n")
    config = {"root": site.root, "directory": str(tmp_path), "kinds": {}, "handlers": []}

    def check(target):
        legacy = {"kind": "pyisapie", "module": "Isapi", "interpreterMap": target}
        return check_scripts({**config, "legacy": legacy})

    module = f"{site.root}/Isapi.py"
    assert check("maps.py:choose") == [module, f"{site.root}/maps.py"]
    assert check("beside.py:choose") == [module, str(tmp_path / "beside.py")]
    assert check("SERVER_NAME") == check(None) == [module]
    with pytest.raises(TargetError, match=f"there is no file or folder {tmp_path}/none.py"):
        check("none.py:choose")
    with pytest.raises(TargetError, match="none"):
        check("maps.py:none")


@pytest.mark.parametrize(
    "value", ["'HTTP_X_SITE'", "lambda: Env.HTTP_X_SITE", "lambda env: env.HTTP_X_SITE or None"]
)
def test_the_configuration_may_have_the_map(site, value):
    site.write("Isapi.py", f"{COUNT}Config.InterpreterMap = {value}\n")
    site.write("state.py", STATE)
    assert [site.text(), site.text(HTTP_X_SITE="a"), site.text()] == [
        "__main__ 1",
        "a 1",
        "__main__ 2",
    ]
    site.write("Isapi.py", f"{COUNT}Config.InterpreterMap = 5\n")
    assert site.get().status == 500
    assert "Http.Config.InterpreterMap is 5" in site.recorder.records[-1]


def test_the_main_one_leaves_nothing_to_others(site):
    site.write(
        "Isapi.py",
        "import os\nfrom Http import *\n"
        "if __interp__ == '__main__':\n    Config.InterpreterMap = 'HTTP_X_SITE'\n"
        "    Config.BufferSize = None\n    os.environ['MAIN_ONLY'] = '1'\n"
        "def Request():\n    Write('a')\n    Write(str('MAIN_ONLY' in os.environ))\n",
    )
    answer = site.get(HTTP_X_SITE="a")
    assert (answer.body, answer.pieces) == (b"aFalse", 1)
    answer = site.get()
    assert (answer.body, answer.pieces) == (b"aTrue", 2)


def test_clients_cannot_make_any_number_of_interpreters(tmp_path, monkeypatch):
    monkeypatch.setattr(interpreters, "LIMIT", 3)
    site = counting(IsapiSite(tmp_path, interpreterMap="HTTP_X_SITE"))
    site.get()

    def count_modules():
        return sum(name.startswith("_taipan_scripts_") for name in sys.modules)

    records = []
    for number in range(3):
        assert site.text(HTTP_X_SITE=f"site{number}") == f"site{number} 1"
    full = count_modules()
    assert site.text(HTTP_X_SITE="site0") == "site0 2"
    for number in range(10, 30):
        assert site.text(HTTP_X_SITE=f"site{number}") == f"site{number} 1"
        records += site.recorder.records
        assert site.text(HTTP_X_SITE="site0") == f"site0 {number - 7}"
    assert count_modules() == full
    assert [text for text in records if "more than 3 values" in text] == [
        "warning: /isapi: interpreterMap has given more than 3 values; the modules of those that"
        " were not used for longest are dropped"
    ]
    assert site.text(HTTP_X_SITE="site1") == "site1 1"


def test_what_is_in_use_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(interpreters, "LIMIT", 1)
    entered, may_end = threading.Event(), threading.Event()
    monkeypatch.setattr(sys, "isapi_events", (entered, may_end), raising=False)
    site = counting(IsapiSite(tmp_path, interpreterMap="HTTP_X_SITE"))
    wait = "    entered, may_end = sys.isapi_events\n    entered.set()\n    may_end.wait(10)\n"
    site.write("Isapi.py", f"import sys\n{COUNT}    if Env.URL != '/isapi/waits': return\n{wait}")
    texts = []
    other = site.share()
    waiting = threading.Thread(
        target=lambda: texts.append(other.text("/isapi/waits", HTTP_X_SITE="a"))
    )
    waiting.start()
    assert entered.wait(10)
    for number in range(5):
        assert site.text(HTTP_X_SITE=f"site{number}") == f"site{number} 1"
    assert site.text(HTTP_X_SITE="a") == "a 2"
    may_end.set()
    waiting.join()
    assert texts == ["a 1"]


def test_requests_at_the_same_time_load_a_module_once(site):
    site.write(
        "Isapi.py",
        "import time\nfrom Http import *\ntime.sleep(0.05)\nimport state\n"
        "TURN = state.count()\ndef Request():\n    Write(str(TURN))\n",
    )
    site.write("state.py", STATE)
    texts = []
    others = [site.share() for _ in range(4)]
    threads = [threading.Thread(target=lambda one=one: texts.append(one.text())) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == ["1"] * 4


def test_two_routes_of_a_folder_share_nothing(tmp_path):
    one, two = counting(IsapiSite(tmp_path)), IsapiSite(tmp_path)
    two.mount = "/other"
    assert [one.text(), two.text("/other/x"), one.text()] == [
        "__main__ 1",
        "__main__ 1",
        "__main__ 2",
    ]


def test_code_outside_of_the_folder_has_the_package(site, tmp_path, monkeypatch):
    lib = tmp_path / "lib"
    lib.mkdir()
    (lib / "isapi_outside.py").write_text("from Http import *\ndef act(): Write(Env.URL)\n")
    monkeypatch.syspath_prepend(str(lib))
    site.serve("import isapi_outside", "isapi_outside.act()")
    assert site.text() == "/isapi/x"
    sys.modules.pop("isapi_outside")


def test_old_ways_to_load_files(site):
    site.write(
        "Isapi.py",
        "from Http import Env\nfrom taipan.scripts.modules import imp_module as imp\n"
        "Handlers = {}\ndef Request():\n    path = Env.SCRIPT_TRANSLATED\n"
        "    if path not in Handlers:\n"
        "        Handlers[path] = imp.load_source('isapi_loaded', path).Request\n"
        "    return Handlers[path]()\n",
    )
    page = "from Http import *\nimport state\ndef Request():\n    Write(f'{state.count()}')\n"
    site.write("page.py", page)
    site.write("state.py", STATE)
    assert [site.text("/isapi/page.py") for _ in range(2)] == ["1", "2"]
    site.write("page.py", page.replace("f'", "f'new "))
    assert site.text("/isapi/page.py") == "new 1"
    sys.modules.pop("isapi_loaded")
