from typing import Annotated

from pydantic import Field

from shared import jobs
from shared.actors import Scope
from shared.answers import Download
from shared.audit.rules import exports
from shared.entity import Id
from shared.files import FileReader
from shared.jobs import Job
from shared.operation import Call, operation

Number = Annotated[int, Field(ge=1, le=exports.MAX_PARTS)]


@operation(
    "GET",
    "/v1/audit/exports/{export_id}/parts/{part}",
    scopes={Scope.AUDIT_EXPORT},
    audited=False,
)
def download_export_part(call: Call, export_id: Id, part: Number, files: FileReader) -> Download:
    """Download a file of a completed export: the parts, one after the other, are the whole."""
    with call.transaction() as txn:
        job = exports.only(txn.get(Job, export_id))
    export = exports.seen(jobs.seen(job, None, by=call.actor))
    found = exports.part_of(export, part)
    content = files.read(exports.place(export_id, found.sha256))
    return Download(content.data, exports.filename(export, found), content.media_type)
