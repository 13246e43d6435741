import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.detectors import MAX_CHARS, findings, findings_in, masked, secrets_in

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----"

FOUND = [
    ("write to asha.rao@clinic.example today", "email", "write to a***@clinic.example today"),
    ("call +91 98765 43210", "phone", "call +91*****3210"),
    ("call +1 (415) 555-2671 now", "phone", "call +1*****2671 now"),
    ("mobile 9876543210", "phone", "mobile *****3210"),
    ("ring 020 7946 0958", "phone", "ring *****0958"),
    ("paid with 4111 1111 1111 1111", "card", "paid with ****1111"),
    ("to GB82 WEST 1234 5698 7654 32", "iban", "to ****5432"),
    ("aadhaar 2341 2341 2346", "national_id", "aadhaar ****2346"),
    ("ssn 123-45-6789", "national_id", "ssn ****6789"),
    ("pan ABCPE1234F", "national_id", "pan ****234F"),
    ("MRN: 00123456", "medical_record", "[REDACTED:medical_record]"),
    ("Asha, born on 12/03/1980", "date_of_birth", "Asha, [REDACTED:date_of_birth]"),
    (f"token {JWT}", "jwt", "token [REDACTED:jwt]"),
    (KEY, "private_key", "[REDACTED:private_key]"),
    ("AKIAIOSFODNN7EXAMPLE", "provider_key", "[REDACTED:provider_key]"),
    ("ghp_" + "a1" * 18, "provider_key", "[REDACTED:provider_key]"),
    ("password: hunter22x", "credential", "[REDACTED:credential]"),
    ('{"api_key":"abcdef123"}', "credential", '{"[REDACTED:credential]"}'),
    ("pwd=hunter2secret", "credential", "[REDACTED:credential]"),
    ("db_password => hunter2secret", "credential", "db_[REDACTED:credential]"),
    ("the passphrase is hunter2secret", "credential", "the [REDACTED:credential]"),
    ("Passwort: geheim1", "credential", "[REDACTED:credential]"),
    ("Das Kennwort lautet geheim1", "credential", "Das [REDACTED:credential]"),
    ("mot de passe : secret12", "credential", "[REDACTED:credential]"),
    ("contraseña: secreto1", "credential", "[REDACTED:credential]"),
    ("पासवर्ड: hunter2secret", "credential", "[REDACTED:credential]"),
    ("password\uff1ahunter2secret", "credential", "[REDACTED:credential]"),
    ("paid with 4111.1111.1111.1111", "card", "paid with ****1111"),
    ("paid with 4111/1111/1111/1111", "card", "paid with ****1111"),
    ("paid with 4111 – 1111 – 1111 – 1111", "card", "paid with ****1111"),
    (
        "paid with \uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
        "card",
        "paid with ****1111",
    ),
    ("paid with ४१११ ११११ ११११ ११११", "card", "paid with ****1111"),
    ("paid with 3782.822463.10005", "card", "paid with ****0005"),
    ("Bearer abcdefghijklmnop", "credential", "[REDACTED:credential]"),
]

CLEAN = [
    "SKILL-HC-001",
    "2026-01-01T12:00:00.000Z",
    "00000000-0000-4000-8000-000000000001",
    "a1" * 32,
    "4111 1111 1111 1112",
    "GB82 WEST 1234 5698 7654 33",
    "ZZ82 WEST 1234 5698 7654 32",
    "DE44 ABCD EFGH IJKL",
    "523456789013",
    "order 1234567890",
    "+1 23 45 6",
    "credential_ref: vault",
    "the password is required here",
    "password: ********",
    "0.41111111111111111",
    "Größe ² und ½",
    "we open at 8, 12 and 16 o'clock",
    "version 1.0.0 of 2026.1",
]


@pytest.mark.parametrize(("text", "kind", "after"), FOUND)
def test_it_is_found_and_masked(text, kind, after):
    assert kind in findings(text)
    assert masked(text) == after


@pytest.mark.parametrize("text", CLEAN)
def test_what_is_harmless_stays_as_it_is(text):
    assert findings(text) == ()
    assert masked(text) == text


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        ({"password": "hunter2secret"}, {"credential"}),
        ({"token": "hunter2secret"}, {"credential"}),
        ({"secret": {"password": ["hunter2secret"]}}, {"credential"}),
        ({"dob": "12/03/1980"}, {"date_of_birth"}),
        ({"n": 4111111111111111}, {"card"}),
        ([{"a": [4111111111111111]}], {"card"}),
        ({"kim@example.com": 1}, {"email"}),
        ({"password": "[REDACTED:credential]", "token": "********"}, set()),
        ({"at": 1767225600000, "n": 4111111111111112, "yes": True, "token": 150000}, set()),
    ],
)
def test_the_name_of_a_member_tells_what_it_is(data, kinds):
    assert findings_in(data) == kinds


def test_personal_data_is_no_secret():
    assert secrets_in("asha.rao@clinic.example") == ()
    assert secrets_in(KEY) == ("private_key",)


def test_what_is_too_long_to_look_through_counts_as_found():
    text = "a" * (MAX_CHARS + 1)
    assert findings(text) == secrets_in(text) == ("too_long",)
    assert masked(text) == "[REDACTED:too_long]"


@given(st.lists(st.sampled_from([text for text, _, _ in FOUND] + CLEAN), max_size=4))
def test_nothing_is_found_in_what_was_masked(texts):
    assert findings(masked("\n".join(texts))) == ()


@given(st.integers(10**11, 10**15 - 1))
def test_one_wrong_digit_spoils_a_card_number(number):
    digits = f"4{number:015d}"
    total = sum(
        sum(divmod(int(char) * (1 + (position + 1) % 2), 10))
        for position, char in enumerate(reversed(digits))
    )
    check = (10 - total % 10) % 10
    assert "card" in findings(f"{digits}{check}")
    assert "card" not in findings(f"{digits}{(check + 1) % 10}")


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" + "a" * 60_000,
        "a@" * 30_000,
        "1 " * 30_000,
        "password " * 7_000,
        "password is " * 5_000,
        "mot de passe" * 5_000,
        "4111. " * 10_000,
        "\uff14" * 60_000,
        "+1(" * 20_000,
        "-----BEGIN " + "A" * 60_000,
        "AB12 " * 13_000,
        "a." * 30_000 + "@",
    ],
)
def test_hostile_texts_take_no_time(text):
    started = time.perf_counter()
    findings(text)
    assert time.perf_counter() - started < 5
