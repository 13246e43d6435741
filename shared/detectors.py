"""
Find personal data and secrets in a text, and mask them.

Patterns narrow, checksums decide. Every repetition is bounded, so the time is linear in the length of the
text. What is too long to look through counts as personal data: unsure is treated as found.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal

from shared.records import dataclass

MAX_CHARS = 64 * 1024
TOO_LONG = "too_long"


@dataclass(frozen=True)
class Detector:
    """One kind of thing that does not belong in a text."""

    kind: str
    of: Literal["personal", "secret"]
    pattern: re.Pattern[str]
    accepts: Callable[[str], bool]
    mask: Callable[[str], str]


def findings(text: str) -> tuple[str, ...]:
    """Return the kinds of personal data and secrets in *text*, in the order of the detectors."""
    return _found(text, _detectors())


def secrets_in(text: str) -> tuple[str, ...]:
    """Return the kinds of secrets alone."""
    return _found(text, tuple(detector for detector in _detectors() if detector.of == "secret"))


def is_all(text: str, kind: str) -> bool:
    """Say whether all of a text, but for spaces around it, is one thing of a kind: an address, a card's number."""
    plain = _plain(text.strip()) if len(text) <= MAX_CHARS else ""
    return any(
        one.kind == kind and one.pattern.fullmatch(plain) and one.accepts(plain)
        for one in _detectors()
    )


def masked(text: str) -> str:
    """
    Return *text* with everything found replaced by its mask; what is too long goes as a whole.

    A mask may leave beside each other what is found only then, so it is looked for until nothing is left.
    """
    before = None
    while text != before:
        if len(text) > MAX_CHARS:
            return f"[REDACTED:{TOO_LONG}]"
        before, plain = text, _plain(text)
        hidden = plain
        for detector in _detectors():
            hidden = detector.pattern.sub(_masking(detector), hidden)
        text = text if hidden == plain else hidden
    return text


def findings_in(data: Any) -> frozenset[str]:
    """
    Return the kinds inside of data: a text may be told by the name that it stands under, and a number may be a card's.

    Other numbers are none of these: they are counts, amounts and times.
    """
    return frozenset(_inside(data, ""))


def _inside(data: Any, name: str) -> Iterator[str]:
    match data:
        case str():
            yield from findings(data)
            yield from findings(f"{name[-_LONGEST_NAME:]}: {data}") if name else ()
        case bool():
            pass
        case int() if _CARD.fullmatch(str(data)) and _luhn(str(data)):
            yield "card"
        case dict():
            for member, value in data.items():
                yield from findings(member)
                yield from _inside(value, member)
        case list() | tuple():
            for value in data:
                yield from _inside(value, name)


_LONGEST_NAME = 100
_CARD = re.compile(r"(?:2[2-7]|[3-6][0-9])[0-9]{11,17}")
"""How the numbers of payment cards begin, and none of the times in seconds or parts of one does for years."""


def _plain(text: str) -> str:
    """Return the form in which a text is looked through: NFKC, with digits of every script as those of ASCII."""
    if text.isascii():
        return text
    return re.sub(r"(?![0-9])\d", _decimal, unicodedata.normalize("NFKC", text))


def _decimal(digit: re.Match[str]) -> str:
    return str(unicodedata.decimal(digit[0]))


def _masking(detector: Detector) -> Callable[[re.Match[str]], str]:
    def mask(match: re.Match[str]) -> str:
        return detector.mask(match[0]) if detector.accepts(match[0]) else match[0]

    return mask


def _found(text: str, detectors: tuple[Detector, ...]) -> tuple[str, ...]:
    if len(text) > MAX_CHARS:
        return (TOO_LONG,)
    text = _plain(text)
    return tuple(
        detector.kind
        for detector in detectors
        if any(detector.accepts(match[0]) for match in detector.pattern.finditer(text))
    )


# --- checksums -----------------------------------------------------------------------------------


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _luhn(text: str) -> bool:
    """Check a card number (ISO/IEC 7812)."""
    total = 0
    for position, char in enumerate(reversed(_digits(text))):
        digit = int(char) * (1 + position % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


_IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI NL",
        19: "SI",
        20: "AT EE LT LU",
        21: "CH HR LV",
        22: "BG DE GB IE",
        23: "AE IL",
        24: "CZ ES PK RO SA SE SK",
        25: "PT",
        26: "TR",
        27: "FR GR IT",
        28: "CY HU PL",
        29: "QA",
        31: "MT",
    }.items()
    for country in countries.split()
}


def _iban(text: str) -> bool:
    """Check an account number (ISO 13616): the country's length, then the remainder by 97."""
    compact = text.replace(" ", "")
    length = _IBAN_LENGTHS.get(compact[:2], 0)
    if not length or len(compact) < length:
        return False
    number = compact[4:length] + compact[:4]
    return int("".join(str(int(char, 36)) for char in number)) % 97 == 1


def _dihedral(left: int, right: int) -> int:
    """Multiply in the dihedral group of order ten, which Verhoeff's checksum is made of."""
    sides = 5
    if left < sides:
        return (left + right) % sides + (sides if right >= sides else 0)
    turned = (left - right) % sides
    return turned if right >= sides else turned + sides


_VERHOEFF_STEP = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def _verhoeff(text: str) -> bool:
    """Check an Aadhaar number."""
    check = 0
    for position, char in enumerate(reversed(_digits(text))):
        digit = int(char)
        for _ in range(position % 8):
            digit = _VERHOEFF_STEP[digit]
        check = _dihedral(check, digit)
    return check == 0


_SHORTEST_PHONE, _LONGEST_PHONE = 8, 15


def _phone(text: str) -> bool:
    """Judge a number by its form: international, an Indian mobile, or written in groups."""
    digits = _digits(text)
    if text.startswith("+"):
        return _SHORTEST_PHONE <= len(digits) <= _LONGEST_PHONE
    if digits == text:
        return re.fullmatch(r"(?:0|91)?[6-9]\d{9}", digits) is not None
    return 10 <= len(digits) <= 12


def _always(_: str) -> bool:
    return True


# --- masks ---------------------------------------------------------------------------------------


def _mask_email(text: str) -> str:
    return f"{text[0]}***@{text.rpartition('@')[2]}"


def _mask_phone(text: str) -> str:
    digits = _digits(text)
    code = digits[:1] if digits[0] in "17" else digits[:2]
    return f"{'+' + code if text.startswith('+') else ''}*****{digits[-4:]}"


def _last_four(text: str) -> str:
    return f"****{''.join(char for char in text if char.isalnum())[-4:]}"


def _redacted(kind: str) -> Callable[[str], str]:
    return lambda _: f"[REDACTED:{kind}]"


def _secret(kind: str, pattern: str, flags: int = 0) -> Detector:
    return Detector(kind, "secret", re.compile(pattern, flags), _always, _redacted(kind))


_KEY_PREFIXES = (
    r"sk-[A-Za-z0-9_-]{16,200}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}",
    r"AIza[0-9A-Za-z_-]{35}",
    r"gh[opsur]_[A-Za-z0-9]{36,255}",
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"glpat-[A-Za-z0-9_-]{20,100}",
    r"xox[abeprs]-[A-Za-z0-9-]{10,200}",
    r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,200}",
    r"rzp_(?:live|test)_[A-Za-z0-9]{10,40}",
    r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
    r"ya29\.[A-Za-z0-9_-]{20,400}",
    r"npm_[A-Za-z0-9]{36}",
)

_WORDS = "|".join(
    (
        *("password", "passwd", "pwd", "passphrase", "passcode", "secret", "api[_-]?key"),
        *(
            "access[_-]?token",
            "refresh[_-]?token",
            "passwort",
            "kennwort",
            "mot[ _-]?de[ _-]?passe",
        ),
        *("contrase(?:ñ|n)a", "paasavard", "paasword", "kootshabd", "पासवर्ड"),
    )
)
"""What people call a secret that they write behind it, in the languages of the platform."""

_SPACING = r"[ ._/·\u2010-\u2015-]{1,3}"
"""What stands between the groups of a card's number."""


@cache
def _detectors() -> tuple[Detector, ...]:
    """Return all detectors: their patterns are compiled when a text is first looked through, which most reads never do."""
    return (
        _secret(
            "private_key",
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----"
            r"(?:[^-]{0,8000}-----END [A-Z ]{0,40}PRIVATE KEY-----)?",
        ),
        _secret(
            "jwt",
            r"(?<![\w-])eyJ[\w-]{5,4096}\.[\w-]{2,4096}\.[\w-]{0,4096}",
            re.ASCII,
        ),
        _secret("provider_key", rf"(?<![A-Za-z0-9_])(?:{'|'.join(_KEY_PREFIXES)})"),
        _secret(
            "credential",
            rf"(?:(?<![^\W_])(?:{_WORDS})|\btoken)[\"']?[ \t]{{0,3}}(?::|=>?)[ \t]{{0,3}}[\"']?"
            r"(?!\*{6,200}(?:[\s\"',]|$))[^\s\"',\[{]{6,200}"
            rf"|\b(?:{_WORDS})[ \t]{{1,3}}(?:is|ist|lautet|est|es|hai)[ \t]{{1,3}}[\"']?"
            r"(?=[^\s\"',\[{]{0,200}[\d@#$%&_])[^\s\"',\[{]{6,200}"
            r"|\bbearer[ \t]{1,3}[A-Za-z0-9._~+/-]{16,4096}",
            re.IGNORECASE,
        ),
        Detector(
            "email",
            "personal",
            re.compile(r"[\w.%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"),
            _always,
            _mask_email,
        ),
        Detector(
            "iban",
            "personal",
            re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b", re.ASCII),
            _iban,
            _last_four,
        ),
        Detector(
            "card",
            "personal",
            re.compile(
                r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])"
                rf"|(?<![\w-])\d{{4}}(?:{_SPACING}\d{{4}}){{2}}{_SPACING}\d{{1,7}}(?![\w-])"
                rf"|(?<![\w-])3\d{{3}}{_SPACING}\d{{6}}{_SPACING}\d{{5}}(?![\w-])",
                re.ASCII,
            ),
            _luhn,
            _last_four,
        ),
        Detector(
            "national_id",
            "personal",
            re.compile(r"(?<![\w-])[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}(?![\w-])", re.ASCII),
            _verhoeff,
            _last_four,
        ),
        Detector(
            "national_id",
            "personal",
            re.compile(
                r"(?<![\w-])(?:\d{3}-\d{2}-\d{4}|[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z])(?![\w-])"
            ),
            _always,
            _last_four,
        ),
        Detector(
            "medical_record",
            "personal",
            re.compile(
                r"\b(?:MRN|medical record (?:number|no\.?))[ :#]{0,3}[A-Z-]{0,6}\d{4,12}",
                re.IGNORECASE,
            ),
            _always,
            _redacted("medical_record"),
        ),
        Detector(
            "date_of_birth",
            "personal",
            re.compile(
                r"\b(?:DOB|date of birth|born)\b[^\d\n]{0,20}\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}",
                re.IGNORECASE,
            ),
            _always,
            _redacted("date_of_birth"),
        ),
        Detector(
            "phone",
            "personal",
            re.compile(r"(?<![\w.+-])\+?\d(?:[ ().-]{0,2}\d){7,16}(?![\w-])", re.ASCII),
            _phone,
            _mask_phone,
        ),
    )


"""In the order in which they mask: secrets before personal data, checksums before mere forms."""
