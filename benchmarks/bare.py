"""A web application that only answers: what a governed one is compared to."""

import flask

app = flask.Flask("bare")
app.add_url_rule("/", "bare", lambda: {"status": "ok"}, methods=["POST"])
