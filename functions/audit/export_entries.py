from shared.audit.models import EntryExport, Exported, ExportedEntries
from shared.audit.rules import exports
from shared.evidence import Entry
from shared.files import Files
from shared.job import JobStep, job
from shared.queries import Between, moment

STAYS = "an entry is never changed, and those of a time that has passed are all there"


@job
def export_entries(
    call: JobStep, export: EntryExport, so_far: Exported, files: Files
) -> Exported | ExportedEntries:
    """Copy a tenant's entries into files, a page of them in each."""
    if so_far.whole:
        return ExportedEntries(rows=so_far.done, parts=so_far.parts)
    with call.transaction() as txn:
        reads = txn.loosely(STAYS)
        within = Between(moment(export.since), moment(export.until))
        total = so_far.total if so_far.parts else reads.count(Entry, ts=within)
        page = reads.find(Entry, order="ts", cursor=so_far.cursor, ts=within)
    content = exports.part(page.items, export.format, first=not so_far.parts)
    files.keep(exports.named(call.subject_id, content), content)
    so_far = so_far.model_copy(update={"total": total})
    return exports.further(so_far, content, rows=len(page.items), cursor=page.next_cursor)
