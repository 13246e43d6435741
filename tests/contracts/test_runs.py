"""The gate knows of every test whether it ran, once, and was not skipped."""

from tests.ran import wrong

DONE = ""


def test_what_ran_once_is_right():
    assert list(wrong(["a", "b"], [["b", DONE], ["a", DONE]])) == []


def test_what_never_ran_ran_twice_or_was_skipped_is_named():
    ran = [["twice", DONE], ["twice", DONE], ["skipped", "no emulator"]]
    assert list(wrong(["never", "twice", "skipped"], ran)) == [
        "never never ran",
        "twice ran 2 times",
        "skipped was skipped: no emulator",
    ]
