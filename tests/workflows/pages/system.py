"""The modules sys and uuid."""

from .table import INFINITY, NAN, Page, Raises, Row

_VARIABLES = "https://cloud.google.com/workflows/docs/reference/environment-variables"
_STRINGS = "the page says of default that it is a string; null is as if it were left out"
_LEFT_OUT = "null is as if it were left out, as the page's example of a list of arguments has it"
_DURATION = "the page names the maximum only: a time that cannot be waited for is a wrong value"
_DATE_TIME = (
    "of the forms of ISO 8601, that of RFC 3339, in which an offset may be missing: it is UTC then"
)
_NO_CASE = "severities are written as the page has them"

PAGES = (
    Page(
        "sys/get_env",
        "sys.get_env",
        (
            Row("local", 'sys.get_env("GOOGLE_CLOUD_LOCATION")'),
            Row("local", args={"name": "GOOGLE_CLOUD_PROJECT_ID"}),
            Row("other", 'sys.get_env("NOBODY_SET_IT", "other")'),
            Row("local", 'sys.get_env("GOOGLE_CLOUD_LOCATION", "other")'),
            Row("http://127.0.0.1:9", 'sys.get_env("API")'),
            Row(None, 'sys.get_env("NOBODY_SET_IT")', chosen="there is no default of the default"),
            Row(None, 'sys.get_env("google_cloud_location")', chosen="names have a case"),
            Row(None, 'sys.get_env("")', chosen="no variable has such a name"),
            Row(Raises("TypeError"), "sys.get_env(1)"),
            Row(Raises("TypeError"), "sys.get_env(null)"),
            Row(Raises("TypeError"), 'sys.get_env("NOBODY_SET_IT", 1)'),
            Row(Raises("TypeError"), 'sys.get_env("GOOGLE_CLOUD_LOCATION", [])'),
            Row(None, 'sys.get_env("NOBODY_SET_IT", null)', chosen=_STRINGS),
            Row(Raises("ValueError"), "sys.get_env(a)", given="\ud800", chosen="it is no text"),
        ),
    ),
    Page(
        _VARIABLES,
        "sys.get_env",
        (
            *(
                Row("string", f'get_type(sys.get_env("GOOGLE_CLOUD_{name}"))')
                for name in (
                    *("LOCATION", "PROJECT_ID", "PROJECT_NUMBER", "SERVICE_ACCOUNT_NAME"),
                    *("WORKFLOW_EXECUTION_ID", "WORKFLOW_ID", "WORKFLOW_REVISION_ID"),
                )
            ),
            Row(
                True,
                'text.match_regex(sys.get_env("GOOGLE_CLOUD_PROJECT_NUMBER"), "^[0-9]+$")',
            ),
            Row(
                True,
                'text.match_regex(sys.get_env("GOOGLE_CLOUD_SERVICE_ACCOUNT_NAME"), "^.+@.+$")',
                chosen="its name is its address",
            ),
            Row(
                True,
                'text.match_regex(sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID"), "^[0-9a-f-]{36}$")',
                chosen="the Executions API names it so",
            ),
            Row(True, 'text.match_regex(sys.get_env("GOOGLE_CLOUD_WORKFLOW_ID"), "^w[0-9]+$")'),
        ),
    ),
    Page(
        "sys/log",
        "sys.log",
        (
            *(
                Row(None, args={name: value})
                for name in ("data", "text")
                for value in (1, 1.5, True, "words", [1, "a"], {"m": [None]}, "", [], {})
            ),
            Row(None, args={"json": {"Message1": "Log my error message"}}),
            Row(None, args={"data": "x", "severity": "ERROR"}),
            Row(None, args={"data": "x", "timeout": 1.5}),
            Row(None, args=["${a}", "ERROR"], given="Log my error message"),
            Row(None, args=["${null}", "ERROR", "${a}"], given="Log my error message"),
            Row(None, args=["${null}", "ERROR", "${null}", "${a}"], given={"Message1": "words"}),
            Row(Raises("TypeError"), args=["${null}", "ERROR", "${null}", "${a}"], given=[1]),
            Row(Raises("TypeError"), args=["${a}", "ERROR", "text"], given="both"),
            Row(Raises("TypeError"), args={"json": [1]}),
            Row(Raises("TypeError"), args={"json": "{}"}),
            Row(Raises("TypeError"), args={"json": 1}),
            Row(Raises("TypeError"), args={"data": '${text.encode("x")}'}),
            Row(Raises("TypeError"), args={"text": '${text.encode("x")}'}),
            Row(Raises("TypeError"), args={"data": "x", "text": "y"}),
            Row(Raises("TypeError"), args={"text": "x", "json": {}}),
            Row(Raises("TypeError"), args={"data": "x", "text": "x", "json": {}}),
            Row(Raises("TypeError"), args={}),
            Row(Raises("TypeError"), args={"severity": "INFO"}),
            Row(Raises("TypeError"), args={"data": None}, chosen=_LEFT_OUT),
            Row(None, args={"data": None, "text": "x", "json": None}, chosen=_LEFT_OUT),
            Row(None, args={"data": "x", "severity": None, "timeout": None}, chosen=_LEFT_OUT),
            *(
                Row(Raises("ValueError"), args={"data": "x", "severity": severity}, chosen=_NO_CASE)
                for severity in ("error", "Info", "WARN", "FATAL", "")
            ),
            *(
                Row(
                    Raises("TypeError"),
                    args={"data": "x", "severity": severity},
                    chosen="the page says that it is a string",
                )
                for severity in ({"a": 1}, ["ERROR"], 500, True)
            ),
            Row(
                Raises("TypeError"),
                args={"data": ['${text.encode("x")}']},
                chosen="neither a text nor JSON can hold bytes",
            ),
            Row(
                Raises("ValueError"),
                args={"json": {"n": "${" + NAN + "}"}},
                chosen="JSON has no such number",
            ),
            Row(Raises("TypeError"), args={"data": "x", "timeout": "1"}, chosen="it is a double"),
            Row(Raises("ValueError"), args={"data": "x", "timeout": -1}, chosen=_DURATION),
            Row(
                Raises("ValueError"), args={"text": "${a}"}, given="\ud800", chosen="it is no text"
            ),
        ),
    ),
    Page(
        "sys/now",
        "sys.now",
        (
            Row("double", "get_type(sys.now())"),
            Row(True, "sys.now() > 1700000000 and sys.now() < 9000000000"),
            Row(
                True,
                steps="- n: {assign: [{n: '${sys.now()}'}]}",
                expression="time.parse(time.format(n)) == n",
                chosen="microseconds: a double of that size cannot tell nanoseconds apart",
            ),
        ),
    ),
    Page(
        "sys/sleep",
        "sys.sleep",
        (
            Row(None, args={"seconds": 0}),
            Row(None, args={"seconds": 0.001}),
            *(
                Row(Raises("ValueError"), args={"seconds": seconds}, chosen=_DURATION)
                for seconds in (-1, -0.001, 31536000.5, 31536001, 1e300)
            ),
            Row(
                Raises("ValueError"),
                args={"seconds": "${" + NAN + "}"},
                chosen=_DURATION,
            ),
            Row(Raises("ValueError"), args={"seconds": "${" + INFINITY + "}"}, chosen=_DURATION),
            *(
                Row(Raises("TypeError"), args={"seconds": seconds}, chosen="it is a number")
                for seconds in ("1", True, None, [1])
            ),
        ),
    ),
    Page(
        "sys/sleep_until",
        "sys.sleep_until",
        (
            Row(None, args={"time": "2024-05-08T13:22:58Z"}),
            Row(None, args={"time": "2024-05-08T13:22:58.123456+02:00"}),
            Row(None, args={"time": "0000-01-01T00:00:00+23:59"}, chosen="it has passed"),
            Row(None, args={"time": "2024-05-08T13:22:58"}, chosen=_DATE_TIME),
            Row(None, args={"time": "${time.format(sys.now() + 0.001)}"}),
            Row(Raises("TypeError"), args={"time": 1715169660}),
            Row(Raises("TypeError"), args={"time": None}),
            Row(Raises("ValueError"), args={"time": "tomorrow"}),
            Row(Raises("ValueError"), args={"time": "2024-05-08T25:22:58Z"}),
            *(
                Row(Raises("ValueError"), args={"time": time}, chosen=_DATE_TIME)
                for time in ("2024-05-08", "2024-W19-3T13:22:58Z", "20240508T132258Z", "13:22:58Z")
            ),
            *(
                Row(
                    Raises("ValueError"),
                    args={"time": time},
                    chosen="the page says that it is not allowed, but not how it fails",
                )
                for time in (
                    "${time.format(sys.now() + 31536060)}",
                    "9999-12-31T23:59:59.999999Z",
                    "9999-12-31T23:59:59-23:59",
                )
            ),
        ),
    ),
    Page(
        "uuid/generate",
        "uuid.generate",
        (
            Row("string", "get_type(uuid.generate())"),
            Row(
                True,
                "text.match_regex(uuid.generate(), "
                '"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")',
            ),
            Row(True, "uuid.generate() != uuid.generate()"),
        ),
    ),
)
