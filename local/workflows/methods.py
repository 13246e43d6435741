"""The methods of the Workflows and Workflow Executions APIs, over REST and gRPC alike, after their discovery documents."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from local.workflows import deployments, fields
from local.workflows.asking import Ask, Method
from local.workflows.records import ACTIVE
from local.workflows.statuses import Refused, invalid
from local.workflows.values import from_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local.workflows.runtime import Runtime

LOCATION = "projects/<project>/locations/<location>"
WORKFLOW = f"{LOCATION}/workflows/<workflow>"
EXECUTION = f"{WORKFLOW}/executions/<execution>"
OPERATION = f"{LOCATION}/operations/<operation>"
WORKFLOWS = "google.cloud.workflows.v1.Workflows"
EXECUTIONS = "google.cloud.workflows.executions.v1.Executions"
OPERATIONS = "google.longrunning.Operations"
LOCATIONS = "google.cloud.location.Locations"
HISTORY = ""
"""The service of what Google's clients have in HTTP only."""


class Workflows:
    """Deploy workflows, and tell of them."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def create(self, ask: Ask) -> dict[str, Any]:
        """Deploy a workflow that is not there yet."""
        workflow, said = (
            fields.workflow_id(ask.word("workflowId")),
            fields.said("Workflow", ask.body),
        )
        return self._deployed("create", workflow, said, new=True)

    def patch(self, ask: Ask) -> dict[str, Any]:
        """Change what the mask names of a workflow; without one, all of it."""
        said = fields.said("Workflow", ask.body)
        changes = fields.masked(said, ask.word("updateMask"))
        return self._deployed("update", ask.names["workflow"], changes, new=False)

    def _deployed(
        self, verb: str, workflow: str, said: dict[str, Any], *, new: bool
    ) -> dict[str, Any]:
        if new or "sourceContents" in said:
            source = said.get("sourceContents")
            if not source:
                sentence = "must be the source of the workflow"
                raise invalid(f"sourceContents {sentence}", ("workflow.source_contents", sentence))
            self._runtime.check(workflow, source)
        now = self._runtime.now()
        return self._runtime.deployments.carried_out(
            verb, workflow, lambda db: deployments.deploy(db, workflow, said, now, new=new), now
        )

    def get(self, ask: Ask) -> dict[str, Any]:
        """Return a workflow, or a revision of it."""
        return self._runtime.deployments.workflow(ask.names["workflow"], ask.word("revisionId"))

    def list(self, ask: Ask) -> dict[str, Any]:
        """List workflows."""
        found = self._runtime.deployments.workflows(
            ask.size(500, 1000), ask.token, filter=ask.word("filter"), order_by=ask.word("orderBy")
        )
        return ask.paged(found)

    def revisions(self, ask: Ask) -> dict[str, Any]:
        """List the revisions of a workflow."""
        size, workflow = ask.size(20, 100), ask.names["workflow"]
        return ask.paged(self._runtime.deployments.revisions(workflow, size, ask.token))

    def delete(self, ask: Ask) -> dict[str, Any]:
        """Delete a workflow, and cancel what it still executes."""
        workflow, now = ask.names["workflow"], self._runtime.now()
        done = self._runtime.deployments.carried_out(
            "delete", workflow, lambda db: deployments.delete(db, workflow), now
        )
        self._runtime.abandon(workflow)
        return done

    # --- operations and locations -------------------------------------------------------------

    def operation(self, ask: Ask) -> dict[str, Any]:
        """Return an operation; one is done when it is returned first."""
        return self._runtime.deployments.operation(ask.names["operation"])

    def operations(self, ask: Ask) -> dict[str, Any]:
        """List operations."""
        if ask.word("returnPartialSuccess") not in {"", "false", "False"}:
            # Only what is read across locations can be reached in part.
            raise Refused("UNIMPLEMENTED", "returnPartialSuccess is for lists across locations")
        found = self._runtime.deployments.operations(
            ask.size(100, 1000), ask.token, filter=ask.word("filter")
        )
        return ask.paged(found)

    def forget(self, ask: Ask) -> dict[str, Any]:
        """Forget an operation."""
        self._runtime.deployments.forget(ask.names["operation"])
        return {}

    def location(self, ask: Ask) -> dict[str, Any]:
        """Return where workflows are deployed."""
        del ask
        project, location = self._runtime.project, self._runtime.location
        name = f"projects/{project}/locations/{location}"
        return {"name": name, "locationId": location, "displayName": location}

    def locations(self, ask: Ask) -> dict[str, Any]:
        """List the only location, if it is one that is asked for."""
        found = self.location(ask)
        one = self._runtime.deployments.located(found, ask.word("filter"))
        return {"locations": [found] if one else []}


class Executions:
    """Execute workflows, and tell of it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def create(self, ask: Ask) -> dict[str, Any]:
        """Start an execution."""
        said = fields.said("Execution", ask.body)
        try:
            argument = from_json(said.pop("argument", "null"))
        except ValueError:
            sentence = "must be a JSON text"
            raise invalid(f"'argument' {sentence}", ("execution.argument", sentence)) from None
        return self._started(ask.names["workflow"], argument, said)

    def _started(self, workflow: str, argument: object, said: dict[str, Any]) -> dict[str, Any]:
        try:
            made = self._runtime.execute(workflow, argument, **said)
        except ValueError as error:
            raise invalid(str(error), ("execution.argument", str(error))) from None
        return self._runtime.views.execution(made)

    def get(self, ask: Ask) -> dict[str, Any]:
        """Return an execution, all of it unless the basic view is asked for."""
        return self._runtime.views.execution(*_names(ask), full=ask.full(default=True))

    def list(self, ask: Ask) -> dict[str, Any]:
        """List executions, in the basic view unless all of them is asked for."""
        full = ask.full(default=False)
        found = self._runtime.views.executions(
            ask.names["workflow"],
            ask.size(100, 100 if full else 1000),
            ask.token,
            filter=ask.word("filter"),
            order_by=ask.word("orderBy"),
            full=full,
        )
        if not found["executions"]:
            self._runtime.deployments.workflow(ask.names["workflow"])
        return ask.paged(found)

    def cancel(self, ask: Ask) -> dict[str, Any]:
        """Cancel an execution."""
        execution, workflow = _names(ask)
        if self._runtime.views.execution_row(execution, workflow)["state"] != ACTIVE:
            raise Refused("FAILED_PRECONDITION", "the execution ended already")
        self._runtime.cancel(execution)
        return self._runtime.views.execution(execution, workflow)

    def triggered(self, ask: Ask) -> dict[str, Any]:
        """Start an execution with a message that a subscription pushed."""
        message, subscription = ask.body.get("message"), ask.body.get("subscription", "")
        if not isinstance(message, dict) or not isinstance(subscription, str):
            raise invalid(
                "'message' must be a map and 'subscription' a string", ("message", "a map")
            )
        argument = {"message": message, "subscription": subscription}
        return self._started(ask.names["workflow"], argument, {})

    def exported(self, ask: Ask) -> dict[str, Any]:
        """Return everything about an execution as one JSON text."""
        return self._runtime.views.exported(*_names(ask))

    def forgotten(self, ask: Ask) -> dict[str, Any]:
        """Forget the steps of an execution that ended."""
        execution, workflow = _names(ask)
        if self._runtime.views.execution_row(execution, workflow)["state"] == ACTIVE:
            sentence = "the execution is active; its steps can be deleted once it ended"
            raise Refused("FAILED_PRECONDITION", sentence)
        self._runtime.forget_steps(execution)
        return {}

    def callbacks(self, ask: Ask) -> dict[str, Any]:
        """List the callbacks of an execution."""
        return ask.paged(self._runtime.views.callbacks(*_names(ask), ask.size(100, 100), ask.token))

    def steps(self, ask: Ask) -> dict[str, Any]:
        """List the steps of an execution."""
        before = int(ask.token or 0) + ask.number("skip")
        found = self._runtime.views.steps(
            *_names(ask),
            ask.size(1000, 1000),
            str(before),
            filter=ask.word("filter"),
            order_by=ask.word("orderBy"),
        )
        return ask.paged(found)

    def step(self, ask: Ask) -> dict[str, Any]:
        """Return a step of an execution."""
        return self._runtime.views.step(*_names(ask), ask.names["entry"])


def _names(ask: Ask) -> tuple[str, str]:
    """Return the execution and the workflow that a request is about."""
    return ask.names["execution"], ask.names["workflow"]


_PAGED = ("pageSize", "pageToken")
_CHOSEN = (*_PAGED, "filter", "orderBy")
_PUSHED = ("message", "subscription", "deliveryAttempt", "GCPCloudEventsMode")
# It comes in the query, under another name than that of the field.
_PUSHED_QUERY = "__GCP_CloudEventsMode"


def methods(runtime: Runtime) -> Sequence[Method]:
    """Return every method there is."""
    return (*_workflows(Workflows(runtime)), *_executions(Executions(runtime)))


def _workflows(w: Workflows) -> Iterator[Method]:
    """Yield the methods of the Workflows API; what each takes is in its discovery document."""
    of = partial(Method, WORKFLOWS)
    yield of(
        *("CreateWorkflow", "POST", LOCATION, "/workflows", w.create, "parent", "workflow"),
        takes=("workflowId",),
    )
    yield of("ListWorkflows", "GET", LOCATION, "/workflows", w.list, "parent", takes=_CHOSEN)
    yield of("GetWorkflow", "GET", WORKFLOW, "", w.get, takes=("revisionId",))
    yield of(
        *("UpdateWorkflow", "PATCH", WORKFLOW, "", w.patch, "workflow.name", "workflow"),
        takes=("updateMask",),
    )
    yield of("DeleteWorkflow", "DELETE", WORKFLOW, "", w.delete)
    yield of("ListWorkflowRevisions", "GET", WORKFLOW, ":listRevisions", w.revisions, takes=_PAGED)
    of = partial(Method, OPERATIONS)
    yield of("GetOperation", "GET", OPERATION, "", w.operation)
    yield of(
        *("ListOperations", "GET", LOCATION, "/operations", w.operations),
        takes=(*_PAGED, "filter", "returnPartialSuccess"),
    )
    yield of("DeleteOperation", "DELETE", OPERATION, "", w.forget)
    of = partial(Method, LOCATIONS)
    yield of("GetLocation", "GET", LOCATION, "", w.location)
    yield of(
        *("ListLocations", "GET", "projects/<project>", "/locations", w.locations),
        takes=(*_PAGED, "filter", "extraLocationTypes"),
    )


def _executions(e: Executions) -> Iterator[Method]:
    """Yield the methods of the Workflow Executions API."""
    of = partial(Method, EXECUTIONS)
    yield of("CreateExecution", "POST", WORKFLOW, "/executions", e.create, "parent", "execution")
    yield of(
        *("ListExecutions", "GET", WORKFLOW, "/executions", e.list, "parent"),
        takes=(*_CHOSEN, "view"),
    )
    yield of("GetExecution", "GET", EXECUTION, "", e.get, takes=("view",))
    yield of("CancelExecution", "POST", EXECUTION, ":cancel", e.cancel, body="*")
    of = partial(Method, HISTORY)
    yield of(
        *("TriggerPubsubExecution", "POST", WORKFLOW, ":triggerPubsubExecution", e.triggered),
        *("workflow", "*"),
        takes=_PUSHED,
        beside=(_PUSHED_QUERY,),
    )
    yield of("ExportData", "GET", EXECUTION, ":exportData", e.exported)
    yield of(
        *("DeleteExecutionHistory", "POST", EXECUTION, ":deleteExecutionHistory", e.forgotten),
        body="*",
    )
    yield of("ListCallbacks", "GET", EXECUTION, "/callbacks", e.callbacks, "parent", takes=_PAGED)
    yield of(
        *("ListStepEntries", "GET", EXECUTION, "/stepEntries", e.steps, "parent"),
        takes=(*_CHOSEN, "skip", "view"),
    )
    entry = f"{EXECUTION}/stepEntries/<entry>"
    yield of("GetStepEntry", "GET", entry, "", e.step, takes=("view",))
