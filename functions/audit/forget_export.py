from shared.audit.models import EntryExport
from shared.files import FileRemover
from shared.jobs import JobCancelled, JobFailed, JobForgotten
from shared.reaction import ReactionCall, reaction


@reaction(on=(JobCancelled, JobFailed, JobForgotten), repeatable=True)
def forget_export(
    call: ReactionCall, event: JobCancelled | JobFailed | JobForgotten, files: FileRemover
) -> None:
    """
    Remove the files of an export that came to nothing, or that is forgotten.

    One that came to nothing is forgotten as well, which also removes what a worker that was slow kept after it ended.
    """
    if event.kind == EntryExport.kind:
        files.remove_all(call.subject_id)
