"""How the platform of one machine is called."""

import re

HERE = "http://platform.localhost"
"""
What the platform of one machine calls itself in what is stored and signed. Where it is served is no part of that: the
same data go on at another port.
"""

_PORT = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}(?=/|$)")
"""How it called itself before."""


def named_here(url: str) -> str:
    """Return an address of this machine's platform by its name, whatever port it had."""
    return _PORT.sub(HERE, url, count=1)
