"""The module `Cookie` of mod_python."""

import time

import pytest

from support.handler_site import Site
from taipan.scripts.mod_python import cookie as module
from taipan.scripts.mod_python.cookie import Cookie, CookieError, MarshalCookie, SignedCookie

#: As mod_python signed it on Python 2, with the secret "secret".
OLD = "eggs=d049b2b61adb6a1d895646719a3dc30bcwQAAABzcGFt"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, handler="mod_python.publisher")


def run(site, code, **environ):
    """The answer of a function with this body."""
    lines = "".join(f"    {line}\n" for line in code.split("\n"))
    site.write("t.py", f"from mod_python import Cookie\ndef f(req):\n{lines}")
    return site.get("/t/f", **environ)


def test_attributes_are_written_in_one_order():
    cookie = Cookie(
        "a", "b c", expires=0, path="/", Max_Age=3, secure=1, httponly=0, SameSite="Lax"
    )
    cookie.version, cookie.commentURL, cookie.domain = 1, "u", None
    assert str(cookie) == (
        "a=b c; version=1; path=/; secure; expires=Thu, 01-Jan-1970 00:00:00 GMT; max-age=3;"
        " samesite=Lax; commentURL=u"
    )
    assert repr(Cookie("a", 1)) == "<Cookie: a=1>"
    with pytest.raises(AttributeError):
        cookie.other = 1
    with pytest.raises(AttributeError):
        Cookie("a", "b", other=1)


def test_the_time_of_the_end():
    cookie = Cookie("a", "b", expires="Sat, 14-Jun-2003 02:42:36 GMT")
    assert cookie.expires == "Sat, 14-Jun-2003 02:42:36 GMT"
    with pytest.raises(ValueError, match="Invalid expires time: tomorrow"):
        cookie.expires = "tomorrow"
    cookie.expires = 1_000_000_000.5
    assert cookie.expires == "Sun, 09-Sep-2001 01:46:40 GMT"


@pytest.mark.parametrize("text", ["a\r\nX-A: 1", "a\nb", "a\0", "\x7f"])
def test_control_characters_are_refused(text):
    for cookie in (Cookie("a", text), Cookie(text, "a"), Cookie("a", "b", path=text)):
        with pytest.raises(CookieError, match="control characters"):
            str(cookie)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("a=b; c=d", {"a": "b", "c": "d"}),
        ("$Version=1; a=b; $Path=/", {"a": "b"}),
        ('a="b; c"; d = e ', {"a": '"b; c"', "d": "e "}),
        (r'a="b\"; c"; d=e', {"a": r'"b\"; c"', "d": "e"}),
        ('a="b; c', {"a": '"b', "c": ""}),
        ("a=1; a=2", {"a": "2"}),
        ("a", {"a": ""}),
        ("a=b=c, ;;= ;", {"a": "b=c, "}),
        ("", {}),
        (" , a=b", {"a": "b"}),
    ],
)
def test_fields_are_parsed_as_mod_python_does(field, expected):
    parsed = Cookie.parse(field)
    assert {name: cookie.value for name, cookie in parsed.items()} == expected
    assert all(type(cookie) is Cookie for cookie in parsed.values())
    if len(expected) == 2:
        assert [*Cookie.parse(field, names=[[*expected][1]])] == [[*expected][1]]


@pytest.mark.parametrize("text", [" ", ",", " ,", "=", ";", "a ", 'a="', '"', '\\"', "a=b; "])
def test_parsing_takes_time_in_proportion_to_the_field(text):
    def take(times):
        started = time.process_time()
        Cookie.parse(text * times)
        return time.process_time() - started

    # Quadratic time would be minutes.
    assert take(500_000) < 60


def test_signed_cookies():
    text = str(SignedCookie("a", "b", secret="s", path="/"))
    # HMAC-MD5 of name and value.
    assert text == "a=e13190811d3b6706e4502a9f50d8ac69b; path=/"
    field = text.partition(";")[0]
    signed = SignedCookie.parse(field, "s")["a"]
    assert (type(signed), signed.value, str(signed)) == (SignedCookie, "b", field)
    assert SignedCookie.parse(field, b"s")["a"].value == "b"
    plain = SignedCookie.parse(field, "other")["a"]
    assert (type(plain), str(plain)) == (Cookie, field)
    assert SignedCookie.parse(field, "other", mismatch=Cookie.IGNORE) == {}
    with pytest.raises(CookieError, match="Incorrectly Signed Cookie: a="):
        SignedCookie.parse(field, "other", Cookie.EXCEPTION)
    for forged in (field + "x", "b" + field[1:], "a=b", "a=", "a=é", "a=" + "0" * 32):
        assert SignedCookie.parse(forged, "s", Cookie.IGNORE) == {}


@pytest.mark.parametrize("secret", [None, "", b""])
def test_nothing_is_signed_or_trusted_without_a_secret(secret):
    with pytest.raises(CookieError, match="Cannot sign without a secret"):
        str(SignedCookie("a", "b", secret))
    for kind in (SignedCookie, MarshalCookie):
        with pytest.raises(CookieError):
            kind.parse(OLD, secret, Cookie.EXCEPTION)


def test_marshal_cookies(monkeypatch):
    cookie = MarshalCookie.parse(OLD, "secret")["eggs"]
    assert (type(cookie), cookie.value, str(cookie)) == (MarshalCookie, b"spam", OLD)
    value = {"a": [1, 2.5, None, "é"], "b": (True, b"x" * 200)}
    text = str(MarshalCookie("n", value, "s"))
    assert "\n" not in text
    assert MarshalCookie.parse(text, "s")["n"].value == value

    def refuse(data):
        raise AssertionError("read without a signature")

    monkeypatch.setattr(module.marshal, "loads", refuse)
    forged = MarshalCookie.parse(text, "other")["n"]
    assert (type(forged), str(forged)) == (Cookie, text)
    assert MarshalCookie.parse(text[:-1], "s", Cookie.IGNORE) == {}


def test_what_is_signed_but_no_value_is_an_error():
    for value in ("!", "", "AAAA"):
        text = str(SignedCookie("n", value, "s"))
        with pytest.raises(CookieError, match="Cannot Unmarshal Cookie: n="):
            MarshalCookie.parse(text, "s", Cookie.EXCEPTION)


def test_the_first_cookie_of_a_response_forbids_caches_to_keep_it(site):
    code = "Cookie.add_cookie(req, 'a', 'b', path='/')\n"
    code += "Cookie.add_cookie(req, Cookie.Cookie('c', 'd'))"
    answer = run(site, code)
    assert answer.fields == [
        ("Cache-Control", 'no-cache="set-cookie"'),
        ("Set-Cookie", "a=b; path=/"),
        ("Set-Cookie", "c=d"),
    ]


def test_a_refused_cookie_leaves_the_response_alone(site):
    code = "try:\n    Cookie.add_cookie(req, 'a', 'b\\r\\nX-A: 1')\n"
    code += "except Cookie.CookieError:\n    pass"
    assert run(site, code).fields == []


def test_the_cookies_of_a_request(site):
    code = "return repr([(n, c.value) for n, c in Cookie.get_cookies(req).items()])"
    assert (
        run(site, code, HTTP_COOKIE='a="b"; $Path=/; c=d').body == """[('a', '"b"'), ('c', 'd')]"""
    )
    assert run(site, code).body == "[]"
    code = "return repr((Cookie.get_cookie(req, 'c').value, Cookie.get_cookie(req, 'z')))"
    assert run(site, code, HTTP_COOKIE="a=b; c=d").body == "('d', None)"
    code = "return Cookie.get_cookie(req, 'eggs', Cookie.MarshalCookie, secret='secret').value"
    assert run(site, code, HTTP_COOKIE=OLD).body == "spam"
    code = "return type(Cookie.get_cookies(req, Cookie.SignedCookie, secret='x')['a']).__name__"
    assert run(site, code, HTTP_COOKIE="a=b").body == "Cookie"
