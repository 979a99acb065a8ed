"""Undo: states come back in order, and one gesture is one change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.model.undo import GESTURE_SECONDS, MOST, Undo


def test_there_and_back() -> None:
    undo = Undo(0)
    assert (undo.undo(), undo.redo(), undo.can_undo, undo.can_redo) == (False, False, False, False)
    undo.do(1)
    undo.do(2)
    assert (undo.undo(), undo.state, undo.can_redo) == (True, 1, True)
    assert (undo.undo(), undo.state, undo.can_undo) == (True, 0, False)
    assert (undo.redo(), undo.redo(), undo.redo(), undo.state) == (True, True, False, 2)


def test_something_new_takes_the_place_of_what_was_undone() -> None:
    undo = Undo(0)
    undo.do(1)
    undo.undo()
    undo.do(2)
    assert not undo.can_redo
    undo.undo()
    assert undo.state == 0


def test_the_same_state_is_no_change() -> None:
    undo = Undo(0)
    undo.do(0)
    assert not undo.can_undo


def test_a_gesture_is_one_change() -> None:
    undo = Undo(0)
    for value in range(1, 50):
        undo.do(value, "psi", now=value * 0.02)
    undo.do(100, "seed", now=1.0)
    undo.undo()
    assert undo.state == 49
    undo.undo()
    assert undo.state == 0


def test_after_a_rest_or_an_undo_it_is_another_one() -> None:
    undo = Undo(0)
    undo.do(1, "psi", now=1.0)
    undo.do(2, "psi", now=1.1 + GESTURE_SECONDS)
    undo.undo()
    assert undo.state == 1
    undo.do(3, "psi", now=1.2 + GESTURE_SECONDS)
    undo.undo()
    assert undo.state == 1


def test_it_does_not_remember_for_ever() -> None:
    undo = Undo(0)
    for value in range(1, 2 * MOST):
        undo.do(value)
    count = 0
    while undo.undo():
        count += 1
    assert count == MOST


@given(st.lists(st.one_of(st.integers(0, 5), st.sampled_from(["undo", "redo"]))))
def test_undoing_everything_leads_to_the_beginning(actions: list[int | str]) -> None:
    undo: Undo[int | str] = Undo("start")
    for action in actions:
        if action == "undo":
            undo.undo()
        elif action == "redo":
            undo.redo()
        else:
            undo.do(action)
    last = undo.state
    steps = 0
    while undo.undo():
        steps += 1
    assert undo.state == "start"
    for _ in range(steps):
        undo.redo()
    assert undo.state == last


def test_what_nobody_can_undo_belongs_to_every_state() -> None:
    undo = Undo((0, 0))
    undo.do((1, 0))
    undo.do((2, 0))
    undo.undo()
    undo.rebase(lambda state: (state[0], 5))
    assert (undo.previous, undo.state, undo.next) == ((0, 5), (1, 5), (2, 5))
    undo.undo()
    assert undo.previous is None
