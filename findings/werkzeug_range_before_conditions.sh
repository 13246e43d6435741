#!/usr/bin/env bash
# Werkzeug 3.1.9: `Response.make_conditional` gives a part of a file where HTTP asks for none.
#
# With `accept_ranges=True` and a complete length, it looks at `Range` before it looks at anything else:
#   - a GET whose `If-None-Match` names the ETag that there is, and that asks for a part, is answered 206 with the part.
#     RFC 9110 (13.2.2) puts the conditions first: 304, and the client keeps what it has.
#   - the same with a part behind the end raises RequestedRangeNotSatisfiable: a client that only revalidates gets 416.
#   - a HEAD with `Range` is answered 206 too, with the length of the part. RFC 9110 (14.2) knows ranges of GET alone and
#     has them ignored elsewhere: whoever asks a HEAD how long a file is, is told how long the part is.
# Besides, what cannot be made out at all (`bytes=x`, another unit) raises the same exception as a part that is not
# there, though the first is to be passed over (14.2) and only the second is a 416.
# Calling it twice helps: without ranges, and then with them where the status is still 200 and the method is GET.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check Werkzeug==3.1.9
env/bin/python - <<'PYTHON'
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

FILE = bytes(range(200))


def asked(method="GET", **headers):
    told = {name.replace("_", "-"): said for name, said in headers.items()}
    request = Request(EnvironBuilder(method=method, headers=told).get_environ())
    answer = Response(FILE)
    answer.set_etag("x")
    try:
        answer.make_conditional(request, accept_ranges=True, complete_length=len(FILE))
    except RequestedRangeNotSatisfiable:
        return 416, None
    return answer.status_code, answer.headers.get("Content-Length")


assert asked(If_None_Match='"x"')[0] == 304
assert asked(If_None_Match='"x"', Range="bytes=0-9") == (206, "10"), "304 is right"
assert asked(If_None_Match='"x"', Range="bytes=500-")[0] == 416, "304 is right"
assert asked("HEAD", Range="bytes=0-9") == (206, "10"), "200 and 200 bytes are right"
assert asked(Range="bytes=x")[0] == asked(Range="lines=1-2")[0] == 416, "200 is right"
print("as it was: Range is looked at before the conditions, and for HEAD too")
PYTHON
