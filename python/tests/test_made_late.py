"""Attributes that are made when they are asked for."""

from taipan.scripts.request.made_late import MadeLate


class Thing:
    kept = None
    values = MadeLate[list]("kept", list)


def test_each_object_gets_its_own_value_once():
    one, other = Thing(), Thing()
    assert one.kept is None
    one.values.append(1)
    assert (one.values, one.kept, other.values) == ([1], [1], [])


def test_what_another_thread_has_made_meanwhile_stays():
    asked = []

    def make():
        asked.append(True)
        # As if another thread asked while this one makes its value.
        return ["first"] if len(asked) > 1 else [*slow.value, "second"]

    class Slow:
        kept = None
        value = MadeLate("kept", make)

    slow = Slow()
    assert slow.value == slow.value == ["first"]
    assert len(asked) == 2
