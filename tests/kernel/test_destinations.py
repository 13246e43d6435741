"""Addresses that customers name: what is not plainly a name of the public web is refused, however it is spelled."""

import pytest

from shared.destinations import destination, is_public
from shared.errors import Forbidden

PUBLIC = ["11.22.33.44", "223.255.255.1", "2600::1", "2a00:1450:4001::1"]

SPECIAL_4 = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254"),
    *("127.0.0.1", "127.255.255.254", "169.254.0.1", "169.254.169.254", "172.16.0.1"),
    *("172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1"),
    *("198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255"),
    *("240.0.0.1", "255.255.255.255", "192.31.196.1", "192.52.193.1", "192.175.48.1"),
    "199.36.153.8",
]
SPECIAL_6 = [
    *("::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:11.22.33.44"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1", "100::1"),
    *("2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:2::1"),
    *("2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "3fff::1", "2620:4f:8000::1"),
    *("5f00::1", "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0"),
    *("fec0::1", "ff02::1", "2600::1%1", "2600::5efe:7f00:1", "2600::200:5efe:a00:1"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_given_out_to_hosts_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", [*SPECIAL_4, *SPECIAL_6, "", "example.com", "1", "1.2.3"])
def test_an_address_of_special_purpose_is_not(address):
    assert not is_public(address)


@pytest.mark.parametrize("version", [4, 6])
def test_what_the_standard_library_knows_to_be_special_is_not_public(version):
    """Its registry and ours are written by different people: neither is more open than the other knows."""
    from ipaddress import IPv4Address, IPv6Address

    kind, bits = (IPv4Address, 32) if version == 4 else (IPv6Address, 128)
    step = (1 << bits) // 20011
    for n in range(20011):
        address = kind(n * step + n)
        if is_public(str(address)):
            assert address.is_global, address
            assert not address.is_multicast, address


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("https://hooks.example.com", "hooks.example.com", "/"),
        ("https://hooks.example.com/a/b?c=d&e=%20", "hooks.example.com", "/a/b?c=d&e=%20"),
        ("https://hooks.example.com?c", "hooks.example.com", "/?c"),
        ("HTTPS://Hooks.EXAMPLE.com:443/A", "hooks.example.com", "/A"),
        ("https://hooks.example.com./a", "hooks.example.com", "/a"),
        ("https://xn--bcher-kva.example/a", "xn--bcher-kva.example", "/a"),
    ],
)
def test_a_name_of_the_public_web_is_taken(url, host, target):
    place = destination(url)
    assert (place.scheme, place.host, place.port, place.target) == ("https", host, 443, target)


REFUSED = [
    *(
        "",
        "hooks.example.com",
        "//hooks.example.com",
        "http://hooks.example.com",
        "ftp://a.example",
    ),
    *("https://", "https:///a", "https://a b.example/", "https://hooks.example.com/a b"),
    *(
        "https://hooks.example.com:80/",
        "https://hooks.example.com:8443/",
        "https://a.example:443:443",
    ),
    *(
        "https://kim@hooks.example.com/",
        "https://kim:word@hooks.example.com/",
        "https://@a.example",
    ),
    *(
        "https://hooks.example.com#@10.0.0.1/",
        "https://hooks.example.com/a#b",
        "https://a.example\\b",
    ),
    *(
        "https://10.0.0.1\\@hooks.example.com/",
        "https://hooks.example.com/a\n",
        "https://a.example\t",
    ),
    *("https://hooks.example.com%2f@10.0.0.1", "https://127.0.0.1%2ehooks.example.com"),
    *("https://11.22.33.44/", "https://127.0.0.1/", "https://127.0.0.1./", "https://127.1/"),
    *("https://2130706433/", "https://0x7f000001/", "https://017700000001/", "https://0x7f.0.0.1/"),
    *("https://0177.0.0.1/", "https://127.0.1/", "https://0/", "https://127.0.0.0x1/"),
    *("https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://[::]"),
    *("https://[2600::1]/", "https://::1/", "https://[v1.a]/"),
    *("https://localhost/", "https://LOCALHOST./", "https://a.localhost/", "https://metadata/"),
    *("https://metadata.google.internal/", "https://printer.local/", "https://a.home.arpa/"),
    *("https://hooks/", "https://.example.com/", "https://a..example.com/", "https://a.example../"),
    *("https://-a.example/", "https://a-.example/", "https://" + "a" * 64 + ".example/"),
    *(
        "https://b\u00fccher.example/",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://127\u30020\u30020\u30021/",
    ),
    *("https://\u24d7ooks.example/", "https://hooks.example.com\u00ad/"),
    "https://" + "a." * 130 + "example/",
    "https://hooks.example.com/" + "a" * 2048,
]


@pytest.mark.parametrize("url", REFUSED)
def test_what_is_no_such_name_is_refused(url):
    with pytest.raises(Forbidden) as refused:
        destination(url)
    assert refused.value.violations[0].rule == "destination_not_allowed"


def test_a_refusal_tells_nothing_of_the_address_but_its_host():
    for url in ("http://kim:word@a.example/token", "https://hooks.example.com:1/token"):
        with pytest.raises(Forbidden) as refused:
            destination(url)
        assert "token" not in refused.value.detail
        assert "word" not in refused.value.detail


def test_only_the_listed_names_are_called_by_whole_labels():
    hosts = {"api.example.com", "*.example.org"}
    for name in ("api.example.com", "a.example.org", "a.b.example.org"):
        assert destination(f"https://{name}/", hosts=hosts).host == name
    for name in (
        *("example.com", "x.api.example.com", "api.example.com.evil.example", "notapi.example.com"),
        *("example.org", "aexample.org", "example.org.evil.example"),
    ):
        with pytest.raises(Forbidden, match="not among the hosts"):
            destination(f"https://{name}/", hosts=hosts)


def test_what_is_listed_of_this_machine_is_reached_and_no_more():
    here = {"127.0.0.1:9000", "[::1]:9000"}
    place = destination("http://127.0.0.1:9000/a", here=here)
    assert (place.scheme, place.host, place.port, place.here) == ("http", "127.0.0.1", 9000, True)
    assert destination("https://[::1]:9000/", here=here).host == "::1"
    for url in ("http://127.0.0.1:9001/", "http://localhost:9000/", "http://127.1:9000/"):
        with pytest.raises(Forbidden):
            destination(url, here=here)
