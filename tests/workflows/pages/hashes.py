"""The module hash."""

from .table import Page, Raises, Row

_SUM = 'base64.encode(hash.compute_checksum(text.encode("Hello World", "UTF-8"), "{}"))'
_LENGTH = "len(base64.encode({}, false))"
_SIZES = {"MD5": 22, "SHA1": 27, "SHA224": 38, "SHA256": 43, "SHA384": 64, "SHA512": 86}

PAGES = (
    Page(
        "hash/compute_checksum",
        "hash.compute_checksum",
        (
            Row("pZGm1Av0IEBKARczz7exkNYsZb8LzaMrV7J32a2fFG4=", _SUM.format("SHA256")),
            Row("sQqNsWTgdUEFt6mb5y4/5Q==", _SUM.format("MD5")),
            *(Row(size, f"len({_SUM.format(name)[:-1]}, false))") for name, size in _SIZES.items()),
            Row("bytes", 'get_type(hash.compute_checksum(text.encode(""), "MD5"))'),
            Row(Raises("TypeError"), 'hash.compute_checksum("text", "SHA256")'),
            Row(Raises("TypeError"), 'hash.compute_checksum(text.encode(""), 256)'),
            Row(Raises("TypeError"), 'hash.compute_checksum(text.encode(""), ["SHA256"])'),
            Row(Raises("ValueError"), 'hash.compute_checksum(text.encode(""), "SHA3_256")'),
            Row(
                Raises("ValueError"),
                'hash.compute_checksum(text.encode(""), "sha256")',
                chosen="the names are those of the page, letter by letter",
            ),
            Row(
                Raises("ValueError"),
                'hash.compute_checksum(text.encode(""), "SHA-256")',
                chosen="the names are those of the page",
            ),
        ),
    ),
    Page(
        "hash/compute_hmac",
        "hash.compute_hmac",
        (
            Row(
                "QidPcoCDkuWLV9co1+PA5RY+rwfRZdwDEF9iq74afRE=",
                'base64.encode(hash.compute_hmac(text.encode("key", "UTF-8"),'
                ' text.encode("Hello World", "UTF-8"), "SHA256"))',
            ),
            *(
                Row(
                    size,
                    _LENGTH.format(
                        f'hash.compute_hmac(text.encode("k"), text.encode("x"), "{name}")'
                    ),
                )
                for name, size in _SIZES.items()
            ),
            Row(Raises("TypeError"), 'hash.compute_hmac("key", text.encode(""), "SHA1")'),
            Row(Raises("TypeError"), 'hash.compute_hmac(text.encode("key"), "data", "SHA1")'),
            Row(Raises("TypeError"), 'hash.compute_hmac(text.encode(""), text.encode(""), null)'),
            Row(Raises("ValueError"), 'hash.compute_hmac(text.encode(""), text.encode(""), "CRC")'),
        ),
    ),
)
