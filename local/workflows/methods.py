"""The methods of the Workflows and Workflow Executions APIs, over REST and gRPC alike, after their discovery documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.workflows import deployments, fields
from local.workflows.asking import Ask, Method
from local.workflows.records import ACTIVE
from local.workflows.statuses import Refused, invalid
from local.workflows.values import from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        if ask.word("filter"):
            raise Refused("UNIMPLEMENTED", "operations are listed without a filter here")
        return ask.paged(self._runtime.deployments.operations(ask.size(100, 1000), ask.token))

    def forget(self, ask: Ask) -> dict[str, Any]:
        """Forget an operation."""
        self._runtime.deployments.forget(ask.names["operation"])
        return {}

    def location(self, ask: Ask) -> dict[str, Any]:
        """Return where workflows are deployed."""
        del ask
        project, location = self._runtime.project, self._runtime.location
        return {"name": f"projects/{project}/locations/{location}", "locationId": location}

    def locations(self, ask: Ask) -> dict[str, Any]:
        """List the only location."""
        return {"locations": [self.location(ask)]}


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


def methods(runtime: Runtime) -> Sequence[Method]:
    """Return every method there is."""
    w, e = Workflows(runtime), Executions(runtime)
    entries = f"{EXECUTION}/stepEntries/<entry>"
    return (
        Method(
            WORKFLOWS,
            "CreateWorkflow",
            "POST",
            LOCATION,
            "/workflows",
            w.create,
            "parent",
            "workflow",
        ),
        Method(WORKFLOWS, "ListWorkflows", "GET", LOCATION, "/workflows", w.list, "parent"),
        Method(WORKFLOWS, "GetWorkflow", "GET", WORKFLOW, "", w.get),
        Method(
            WORKFLOWS, "UpdateWorkflow", "PATCH", WORKFLOW, "", w.patch, "workflow.name", "workflow"
        ),
        Method(WORKFLOWS, "DeleteWorkflow", "DELETE", WORKFLOW, "", w.delete),
        Method(WORKFLOWS, "ListWorkflowRevisions", "GET", WORKFLOW, ":listRevisions", w.revisions),
        Method(OPERATIONS, "GetOperation", "GET", OPERATION, "", w.operation),
        Method(OPERATIONS, "ListOperations", "GET", LOCATION, "/operations", w.operations),
        Method(OPERATIONS, "DeleteOperation", "DELETE", OPERATION, "", w.forget),
        Method(LOCATIONS, "GetLocation", "GET", LOCATION, "", w.location),
        Method(LOCATIONS, "ListLocations", "GET", "projects/<project>", "/locations", w.locations),
        Method(
            EXECUTIONS,
            "CreateExecution",
            "POST",
            WORKFLOW,
            "/executions",
            e.create,
            "parent",
            "execution",
        ),
        Method(EXECUTIONS, "ListExecutions", "GET", WORKFLOW, "/executions", e.list, "parent"),
        Method(EXECUTIONS, "GetExecution", "GET", EXECUTION, "", e.get),
        Method(EXECUTIONS, "CancelExecution", "POST", EXECUTION, ":cancel", e.cancel, body="*"),
        Method(
            HISTORY,
            "TriggerPubsubExecution",
            "POST",
            WORKFLOW,
            ":triggerPubsubExecution",
            e.triggered,
            body="*",
        ),
        Method(HISTORY, "ExportData", "GET", EXECUTION, ":exportData", e.exported),
        Method(
            HISTORY,
            "DeleteExecutionHistory",
            "POST",
            EXECUTION,
            ":deleteExecutionHistory",
            e.forgotten,
            body="*",
        ),
        Method(HISTORY, "ListCallbacks", "GET", EXECUTION, "/callbacks", e.callbacks),
        Method(HISTORY, "ListStepEntries", "GET", EXECUTION, "/stepEntries", e.steps),
        Method(HISTORY, "GetStepEntry", "GET", entries, "", e.step),
    )
