"""The hosted site serves static files alone, under the headers that the API's own pages have."""

import json

from infra.indexes import FILE
from infra.records import RULES
from infra.stack import ROOT

CONFIG = json.loads((ROOT / "firebase.json").read_text())


def test_the_site_serves_files_and_leads_to_no_function():
    for rewrite in CONFIG["hosting"]["rewrites"]:
        assert rewrite.keys() == {"source", "destination"}


def test_the_site_has_the_headers_that_protect_its_visitors():
    (everywhere,) = CONFIG["hosting"]["headers"]
    headers = {one["key"]: one["value"] for one in everywhere["headers"]}
    assert everywhere["source"] == "**"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_the_command_line_of_firebase_would_deploy_what_the_program_does():
    assert (ROOT / CONFIG["firestore"]["rules"]) == RULES
    assert (ROOT / CONFIG["firestore"]["indexes"]) == FILE
