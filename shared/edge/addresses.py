"""The addresses that we call."""

from urllib.parse import quote


def path(*parts: str) -> str:
    """Return the path of these parts, each quoted: none of them is several, or ends the path."""
    if {".", ".."} & set(parts):
        raise ValueError("no part of an address leads elsewhere")
    return "/".join(quote(part, safe="()") for part in parts)
