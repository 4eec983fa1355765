"""Attributes that are made when they are asked for."""

from taipan.scripts.request.made_late import MadeLate


class Thing:
    values = MadeLate[list](list)


def test_each_object_gets_its_own_value_once():
    one, other = Thing(), Thing()
    assert "values" not in vars(one)
    one.values.append(1)
    assert (one.values, other.values) == ([1], [])


def test_what_another_thread_has_made_meanwhile_stays():
    asked = []

    def make():
        asked.append(True)
        # As if another thread asked while this one makes its value.
        return ["first"] if len(asked) > 1 else [*slow.value, "second"]

    class Slow:
        value = MadeLate(make)

    slow = Slow()
    assert slow.value == slow.value == ["first"]
    assert len(asked) == 2
