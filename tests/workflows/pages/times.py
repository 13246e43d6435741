"""The module time."""

from .table import INFINITY, NAN, Page, Raises, Row

_NAMES = "names are those of the tz database, exactly, and nothing else is looked up"
_GRAMMAR = "RFC 3339 section 5.6 has it"
_ROUNDED = "the nearest microsecond, because a double is seldom exactly the fraction that was meant"
_RANGE = "RFC 3339 writes years with four digits"
_OFFSET = "RFC 3339 has no seconds in an offset: the time is that of the offset's whole minutes"

PAGES = (
    Page(
        "time/format",
        "time.format",
        (
            Row("2024-07-12T12:50:33.000000Z", 'time.format(1720788633, "GMT")'),
            Row("2024-07-12T12:50:33.000000Z", "time.format(1720788633)"),
            Row("2024-07-12T14:50:33.000000+02:00", 'time.format(1720788633, "Europe/Paris")'),
            Row(27, "len(time.format(sys.now()))"),
            Row("2024-07-12T12:50:33.000000Z", 'time.format(1720788633, "")'),
            Row(
                "2024-01-10T11:15:54.615087-05:00",
                args={"seconds": 1704903354.615087, "timezone": "America/New_York"},
            ),
            Row("1969-12-31T23:59:58.500000Z", "time.format(-1.5)"),
            Row(
                "2024-01-10T16:15:54.000000Z",
                'time.format(1704903354, "Europe/London")',
                chosen="as the page has it for GMT: no offset is Z",
            ),
            Row("1970-01-01T00:00:00.100000Z", "time.format(0.1)", chosen=_ROUNDED),
            Row("1970-01-01T00:00:01.000000Z", "time.format(0.9999999)", chosen=_ROUNDED),
            Row("2024-07-12T12:50:33.100000Z", "time.format(1720788633.1)", chosen=_ROUNDED),
            Row("9999-12-31T23:59:59.000000Z", "time.format(253402300799)"),
            Row("0000-01-01T00:00:00.000000Z", "time.format(-62167219200)"),
            Row("0000-12-31T23:59:59.000000Z", "time.format(-62135596801)"),
            Row("0001-01-01T00:00:00.000000Z", "time.format(-62135596800)"),
            Row(
                "0000-12-31T19:04:00.000000-04:56",
                'time.format(-62135596800, "America/New_York")',
                chosen=_OFFSET,
            ),
            *(
                Row(Raises("ValueError"), f"time.format({seconds})", chosen=_RANGE)
                for seconds in (253402300800, -62167219201, 9223372036854775807, -1e300, 1e300)
            ),
            Row(
                Raises("ValueError"),
                'time.format(-62167219200, "America/New_York")',
                chosen=_RANGE,
            ),
            Row(
                Raises("ValueError"),
                f"time.format({NAN})",
                chosen="it is no moment",
            ),
            Row(Raises("ValueError"), f"time.format({INFINITY})", chosen="it is no moment"),
            Row(
                "1890-01-01T00:53:00.000000+00:53",
                'time.format(-2524521600, "Europe/Berlin")',
                chosen=_OFFSET,
            ),
            *(
                Row(Raises("ValueError"), f'time.format(0, "{name}")', chosen=_NAMES)
                for name in (
                    *(
                        "America",
                        "america/new_york",
                        "utc",
                        "localtime",
                        "Local",
                        "UTC+2",
                        "+02:00",
                    ),
                    *("../zoneinfo/UTC", "/etc/localtime", "posix/UTC", "right/UTC", "zone.tab"),
                    *("America/", "./UTC", " UTC", "Nowhere/Land"),
                )
            ),
            Row(Raises("ValueError"), "time.format(0, a)", given="\ud800", chosen=_NAMES),
            Row("1970-01-01T02:00:00.000000+02:00", 'time.format(0, "Etc/GMT-2")', chosen=_NAMES),
            Row("1970-01-01T00:00:00.000000Z", 'time.format(0, "Zulu")', chosen=_NAMES),
            *(
                Row(
                    Raises("TypeError"), expression, chosen="the page says integer|float and string"
                )
                for expression in (
                    'time.format("0")',
                    "time.format(true)",
                    "time.format(null)",
                    "time.format(0, 1)",
                    "time.format(0, null)",
                )
            ),
        ),
    ),
    Page(
        "time/parse",
        "time.parse",
        (
            Row(1715169660.0, 'time.parse("2024-05-08T12:01:00.000000Z")'),
            Row(1715169660.0, args={"value": "2024-05-08T14:01:00+02:00"}),
            Row(1715169660.123456, 'time.parse("2024-05-08T12:01:00.123456Z")'),
            Row(1715169660.5, 'time.parse("2024-05-08T12:01:00.5Z")'),
            Row(-1.0, 'time.parse("1969-12-31T23:59:59Z")'),
            Row(-0.5, 'time.parse("1969-12-31T23:59:59.5Z")'),
            Row(1709208000.0, 'time.parse("2024-02-29T12:00:00Z")'),
            Row(1715169660.0, 'time.parse("2024-05-08t12:01:00z")', chosen=_GRAMMAR),
            Row(1715169660.0, 'time.parse("2024-05-08T12:01:00-00:00")', chosen=_GRAMMAR),
            Row(1715169720.0, 'time.parse("2024-05-09T12:01:00+23:59")', chosen=_GRAMMAR),
            Row(253402300799.0, 'time.parse("9999-12-31T23:59:59Z")'),
            Row(-62167219200.0, 'time.parse("0000-01-01T00:00:00Z")', chosen=_GRAMMAR),
            Row(-62167305540.0, 'time.parse("0000-01-01T00:00:00+23:59")', chosen=_GRAMMAR),
            Row(253402387139.0, 'time.parse("9999-12-31T23:59:59-23:59")', chosen=_GRAMMAR),
            Row(
                1715169660.123456,
                'time.parse("2024-05-08T12:01:00.1234569999999999Z")',
                chosen="what is finer than the page's microsecond is cut",
            ),
            Row(
                1483228800.0,
                'time.parse("2016-12-31T23:59:60Z")',
                chosen="a leap second, which POSIX does not count",
            ),
            Row(1483228800.5, 'time.parse("2016-12-31T15:59:60.5-08:00")', chosen="the same"),
            *(
                Row(Raises("ValueError"), f'time.parse("{text}")', chosen=chosen)
                for text, chosen in (
                    ("2024-05-08", ""),
                    ("2024-05-08T12:01:00", ""),
                    ("2024-05-08T12:01Z", ""),
                    ("2024-13-08T12:01:00Z", ""),
                    ("2024-05-32T12:01:00Z", ""),
                    ("2023-02-29T12:00:00Z", ""),
                    ("2024-05-08T24:00:00Z", ""),
                    ("2024-05-08T12:60:00Z", ""),
                    ("2024-05-08T12:01:61Z", ""),
                    ("2024-05-08T12:01:60Z", "no leap second can be there"),
                    ("2024-05-08T23:59:60Z", "no leap second can be there"),
                    ("2024-05-08T12:01:00+0530", ""),
                    ("2024-05-08T12:01:00+05", ""),
                    ("2024-05-08T12:01:00+24:00", ""),
                    ("2024-05-08T12:01:00+05:60", ""),
                    ("2024-05-08T12:01:00.Z", ""),
                    ("2024-05-08T12:01:00,5Z", ""),
                    ("2024-W19-3T12:01:00Z", ""),
                    ("2024-129T12:01:00Z", ""),
                    ("20240508T120100Z", ""),
                    ("10000-01-01T00:00:00Z", ""),
                    ("-001-01-01T00:00:00Z", ""),
                    ("24-05-08T12:01:00Z", ""),
                    (" 2024-05-08T12:01:00Z", ""),
                    ("2024-05-08T12:01:00Z ", ""),
                    ("2024-05-08 12:01:00Z", "a space is the choice of an application there"),
                    ("٢٠٢٤-05-08T12:01:00Z", ""),
                    ("yesterday", ""),
                    ("", ""),
                )
            ),
            Row(Raises("ValueError"), "time.parse(a)", given="2024-05-08T12:01:00Z\n"),
            Row(Raises("ValueError"), "time.parse(a)", given="\ud800"),
            Row(Raises("TypeError"), "time.parse(1715169660)"),
            Row(Raises("TypeError"), "time.parse(null)"),
        ),
    ),
)
