"""
Addresses that customers name: which of them the platform calls, and which it never does.

What is not plainly a name of the public web is refused, however it is spelled. An address of a network is
no name; where a name leads is judged when it is resolved, answer by answer.
"""

import re
from collections.abc import Collection
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from shared.errors import Forbidden
from shared.records import dataclass

MOST_CHARACTERS = 2048
RULE = "destination_not_allowed"

_URL = re.compile(r"(https?)://([^/?]*)(/[^?]*)?(\?.*)?", re.ASCII | re.IGNORECASE)
_PRINTED = re.compile(r"[!-~]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")

INSIDE = {
    *("alt", "arpa", "corp", "home", "internal", "intranet", "invalid", "lan", "local"),
    *("localdomain", "localhost", "onion", "private", "test"),
}
"""What names of no public host end in."""

NOT_PUBLIC = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
    *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4"),
    "199.36.153.0/28",  # where Google's services are reached from inside
)
"""Networks of special purpose (IANA's registry), private or not: nobody's public host is in them."""

PUBLIC_6 = "2000::/3"
"""All that is given out to hosts of IPv6; what embeds IPv4 (mapped, compatible, NAT64) is outside."""

NOT_PUBLIC_6 = (
    "2001::/23",  # protocols: Teredo, ORCHID, benchmarks
    *("2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),
)
_ISATAP = {0x00005EFE, 0x02005EFE}
"""What stands before an embedded IPv4 address in an interface's id (RFC 5214)."""


@dataclass(frozen=True)
class Destination:
    """Where a request goes."""

    scheme: str
    host: str
    """A name of the public web in small letters, or a host of this machine that its configuration lists."""

    port: int
    target: str
    """The path and the query, which may hold a secret: no message tells them."""

    here: bool = False
    """Whether it is on this machine."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials are good for (RFC 6454)."""
        return self.scheme, self.host, self.port


def destination(
    url: str, *, hosts: Collection[str] | None = None, here: Collection[str] = ()
) -> Destination:
    """
    Return where an address leads.

    Args:
        url: ``https://name/path``, at the port of its scheme and no other.

        hosts: The names that it may be of, ``*.example.com`` for all below one; any without.

        here: What is reached on this machine, each as ``host:port``, with or without TLS.

    Raises:
        Forbidden: It is none that the platform calls.
    """
    found = _URL.fullmatch(url) if len(url) <= MOST_CHARACTERS else None
    if found is None or not _PRINTED.fullmatch(url) or set(url) & set("#\\"):
        raise _refused(
            "an address is of the form https://name/path, in ASCII and without a fragment"
        )
    scheme, place, path, query = (part or "" for part in found.groups())
    scheme, place, target = scheme.lower(), place.lower(), (path or "/") + query
    if place in here:
        host, _, port = place.rpartition(":")
        known = Destination(scheme, host.strip("[]"), int(port), target, here=True)
    else:
        known = _public(scheme, place, target)
    if hosts is not None and not is_of(known.host, hosts):
        raise _refused(f"{known.host} is not among the hosts that may be called")
    return known


def _public(scheme: str, place: str, target: str) -> Destination:
    if scheme != "https":
        raise _refused("an address begins with https://")
    host = place.removesuffix(":443").removesuffix(".")
    if "@" in host:
        raise _refused("an address holds no credentials")
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise _refused("an address names a public host, not a number, at the usual port")
    if host.rpartition(".")[2] in INSIDE:
        raise _refused("an address names a public host, and this one leads inside")
    return Destination(scheme, host, 443, target)


def is_of(host: str, hosts: Collection[str]) -> bool:
    """Say whether a host is one of some, by whole labels."""
    return host in hosts or any(
        one.startswith("*.") and host.endswith(one[1:]) and host != one[1:] for one in hosts
    )


def is_public(address: str) -> bool:
    """Say whether an address that a name leads to is a public host's, whatever it is spelled like."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    public, special = _networks()
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in special if isinstance(network, IPv4Network))
    if ip.scope_id or ip not in public or (int(ip) >> 32 & 0xFFFFFFFF) in _ISATAP:
        return False
    return not any(ip in network for network in special if isinstance(network, IPv6Network))


def is_here(address: str) -> bool:
    """Say whether an address is this machine's own (loopback)."""
    ip: IPv4Address | IPv6Address = ip_address(address)
    return ip.is_loopback


@cache
def _networks() -> tuple[IPv6Network, tuple[IPv4Network | IPv6Network, ...]]:
    special: list[IPv4Network | IPv6Network] = [IPv4Network(one) for one in NOT_PUBLIC]
    special += [IPv6Network(one) for one in NOT_PUBLIC_6]
    return IPv6Network(PUBLIC_6), tuple(special)


def _refused(detail: str) -> Forbidden:
    return Forbidden(detail, rule=RULE)
