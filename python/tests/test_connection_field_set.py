"""The ordered multimap of the connection object."""

import pytest

from taipan.connection import FieldSet


@pytest.fixture
def fields():
    return FieldSet([("A", "1"), ("b", "2"), ("a", "3")], "name")


def test_fields_keep_their_order_and_repeat(fields):
    assert fields.items() == [("A", "1"), ("b", "2"), ("a", "3")]
    assert fields.keys() == ["A", "b", "a"] == list(fields)
    assert fields.values() == ["1", "2", "3"]
    assert len(fields) == 3 and fields.last == 2
    assert bool(fields) and not FieldSet()
    assert (fields.key(1), fields.value(1), fields.name) == ("b", "2", "name")
    assert str(fields) == "A: 1\nb: 2\na: 3\n"
    assert repr(fields) == "<FieldSet name [('A', '1'), ('b', '2'), ('a', '3')]>"


def test_names_are_found_whatever_their_case(fields):
    assert fields["B"] == "2" and fields["a"] == "1" and fields[2] == "3" and fields[-1] == "3"
    assert fields[0:2] == ["1", "2"]
    assert fields.get("B") == "2" and fields.get("x") is None and fields.get("x", "-") == "-"
    assert fields.get_all("A") == ["1", "3"]
    assert fields.find("B") == 1 and fields.find("x") == -1
    assert "B" in fields and "x" not in fields and 0 not in fields
    assert fields.has_key("a") and not fields.has_key("c")
    assert fields.is_unique("b") and not fields.is_unique("a") and fields.is_unique("none")


def test_exact_names(fields):
    assert fields.get("a", exact=True) == "3"
    assert fields.get("B", exact=True) is None
    assert fields.find("a", exact=True) == 2
    assert fields.is_unique("a", exact=True)
    fields.delete_key("B", exact=True)
    assert len(fields) == 3


@pytest.mark.parametrize("key", ["x", 3, -4])
def test_what_is_absent_raises(fields, key):
    with pytest.raises(KeyError if isinstance(key, str) else IndexError):
        fields[key]
    with pytest.raises(KeyError if isinstance(key, str) else IndexError):
        del fields[key]


def test_assignment_replaces_the_first_match_or_adds(fields):
    fields["a"] = "new"
    fields["C"] = 4
    fields[1] = "second"
    assert fields.items() == [("A", "new"), ("b", "second"), ("a", "3"), ("C", "4")]


def test_del_removes_all_of_a_name_and_delete_key_the_first(fields):
    other = fields.copy()
    del fields["A"]
    assert fields.items() == [("b", "2")]
    other.delete_key("a")
    other.delete_key("none")
    assert other.items() == [("b", "2"), ("a", "3")]
    del other[0]
    assert other.items() == [("a", "3")]


def test_update_puts_the_field_in_the_place_of_the_first(fields):
    assert fields.update("a", "9") == 2
    assert fields.items() == [("b", "2"), ("a", "3"), ("a", "9")]
    fields.replace("A", "8")
    assert fields.items() == [("b", "2"), ("A", "8")]


def test_sets_together(fields):
    other = FieldSet([("B", "x"), ("c", "y"), ("c", "z")])
    fields.merge(other)
    assert fields.items()[3:] == [("c", "y")]
    fields.truncate(1)
    fields.move(other)
    assert fields.items() == [("A", "1"), ("B", "x"), ("c", "y"), ("c", "z")]
    assert not other
    other.assign(fields)
    assert other == fields and other != FieldSet() and other != 1
    with pytest.raises(KeyError, match="c is there more than once"):
        fields.to_dict()
    fields.truncate(3)
    assert fields.to_dict() == {"A": "1", "B": "x", "c": "y"}


def test_positions_and_values():
    fields = FieldSet()
    assert fields.put("a", "1") == 0 and fields.put("a", None) == 1
    fields.put_value(0, 2.5)
    assert fields.items() == [("a", "2.5"), ("a", "")]
    for key, value in [(b"a", "1"), ("a", b"1"), (1, "1")]:
        with pytest.raises(TypeError):
            fields.put(key, value)
    with pytest.raises(TypeError):
        hash(fields)
