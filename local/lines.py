"""Lines for people, no wider than where they are shown; words stay whole."""

import textwrap


def wrapped(text: str, width: int, *, begin: str = "", indent: int = 4) -> str:
    """
    Break a text between its words.

    Args:
        text: The text.

        width: How many columns there are.

        begin: What stands before it, in its first line.

        indent: How far the further lines are moved in.
    """
    return textwrap.fill(
        text,
        width,
        initial_indent=begin,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
