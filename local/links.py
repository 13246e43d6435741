"""Where links to files lead on one machine: whoever has one reads that file, for a while, signed in or not."""

import flask

from shared.answers import Download
from shared.edge.storage import LINKS, FolderFiles


def linked(files: FolderFiles) -> flask.Blueprint:
    """Return the address that links of *files* lead to."""
    blueprint = flask.Blueprint("links", __name__)

    def serve(name: str) -> flask.Response:
        given = flask.request.args
        filename = given.get("filename", "")
        content = files.linked(name, filename, given.get("until", ""), given.get("signature", ""))
        answer = flask.Response(content.data, content_type=content.media_type)
        answer.headers["Content-Disposition"] = Download(b"", filename).disposition
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    blueprint.add_url_rule(f"{LINKS}/<path:name>", "link", serve, methods=["GET"])
    return blueprint
