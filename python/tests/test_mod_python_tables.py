"""Tables of mod_python: what they answer was seen on a live mod_python."""

import pytest

from taipan.scripts.mod_python import apache
from taipan.scripts.mod_python.tables import HeaderTable


@pytest.fixture
def table():
    """With a name that repeats."""
    table = apache.make_table()
    table["Foo"] = "1"
    table.add("foo", "2")
    table["Bar"] = "x"
    return table


def test_a_name_that_repeats_has_a_list(table):
    assert table["FOO"] == ["1", "2"]
    assert table.keys() == list(table) == list(table.iterkeys()) == ["Foo", "foo", "Bar"]
    assert table.values() == list(table.itervalues()) == ["1", "2", "x"]
    assert table.items() == list(table.iteritems()) == [("Foo", "1"), ("foo", "2"), ("Bar", "x")]
    assert len(table) == 3
    assert repr(table) == "{'Bar': 'x', 'foo': '2', 'Foo': '1'}"


def test_names_are_blind_to_case(table):
    assert table.get("foo") == "1"
    assert (table.get("no"), table.get("no", 3)) == (None, 3)
    assert (table.has_key("FOO"), "fOO" in table, table.has_key("no")) == (1, True, 0)
    with pytest.raises(KeyError):
        table["no"]


def test_setting_replaces_all_and_keeps_the_first_spelling(table):
    table["FOO"] = "z"
    assert table.items() == [("Foo", "z"), ("Bar", "x")]
    del table["fOo"]
    del table["no"]
    assert table.items() == [("Bar", "x")]


def test_defaults(table):
    assert table.setdefault("foo", "9") == "1"
    assert table.setdefault("new", "9") == "9"
    assert table.setdefault("empty") == ""
    assert table["NEW"] == "9"


def test_copies_are_independent(table):
    copy = table.copy()
    assert (copy is table, copy.items() == table.items()) == (False, True)
    copy.clear()
    assert (len(copy), bool(copy), len(table)) == (0, False, 3)


def test_update_sets_what_another_has(table):
    table.update({"foo": "z"})
    assert table["foo"] == "z"
    other = apache.table([("q", "1")])
    other.add("Q", "2")
    table.update(other)
    assert table["q"] == ["1", "2"]
    table.update([("q", "3")])
    assert table["q"] == "3"


def test_entries_are_taken_out(table):
    assert table.popitem() == ("Foo", "1")
    assert table.pop("foo") == "2"
    assert table.pop("foo", None) is None
    table.clear()
    for take in (table.popitem, lambda: table.pop("foo")):
        with pytest.raises(KeyError):
            take()


def test_what_tables_are_made_of():
    assert repr(apache.make_table({"a": "b"})) == "{'a': 'b'}"
    assert repr(apache.table([("a", "b"), ("A", "c")])) == "{'a': 'c'}"
    assert repr(apache.table({"a": 1})) == "{'a': '1'}"
    table = apache.table()
    table[b"n"] = b"by"
    assert table["n"] == "by"


@pytest.mark.parametrize("value", [3, None, ["x"]])
def test_only_text_is_held(table, value):
    for add in (table.add, table.__setitem__):
        with pytest.raises(TypeError, match="tables hold str"):
            add("n", value)
    with pytest.raises(TypeError, match="tables hold str"):
        table[value]
    with pytest.raises(TypeError, match="unhashable"):
        hash(table)


@pytest.mark.parametrize("value", ["a\r\nX-B: b", "a\nb", "a\0b", "€"])
def test_fields_of_the_response_cannot_be_broken_out_of(value):
    fields = HeaderTable()
    for add in (fields.add, fields.__setitem__, fields.setdefault):
        with pytest.raises(ValueError, match="value of header X-A"):
            add("X-A", value)
    with pytest.raises(ValueError, match="value of header X-A"):
        fields.update({"X-A": value})
    assert len(fields) == 0
    notes = apache.table()
    notes["X-A"] = value
    assert notes["X-A"] == value


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "é"])
def test_names_of_fields_are_tokens(name):
    with pytest.raises(ValueError, match="header name"):
        HeaderTable()[name] = "x"


def test_tables_are_equal_by_their_entries():
    assert apache.table({"a": "1", "B": "2"}) == apache.table([("b", "2"), ("A", "1")])
    assert apache.table() != apache.table({"a": "1"})
    twice = apache.table({"a": "1"})
    twice.add("a", "1")
    assert twice != apache.table({"a": "1"})
    assert twice == twice.copy()
    mapping = {"a": "1", "B": "2"}
    assert apache.table(mapping) == mapping == apache.table(mapping)
    assert apache.table() == {}
    for other in ({"a": "1"}, {"A": "1", "B": "2"}, {"a": "1", "B": 2}, [("a", "1"), ("B", "2")]):
        assert apache.table(mapping) != other
    assert twice != {"a": "1"}


@pytest.mark.parametrize("walk", ["__iter__", "iterkeys", "itervalues", "iteritems"])
def test_a_table_keeps_its_size_while_it_is_walked(table, walk):
    with pytest.raises(RuntimeError, match="table changed size during iteration"):
        for _ in getattr(table, walk)():
            table.add("more", "1")
    for name in table.keys():
        del table[name]
    assert len(table) == 0


def test_values_change_while_a_table_is_walked():
    table = apache.make_table({"a": "1", "b": "2"})
    for name, value in table.iteritems():
        table[name] = value * 2
    assert table.items() == [("a", "11"), ("b", "22")]
