"""
The resources of a stack, without a cloud: the program is run, and every resource it asks for is taken down, with what it waits for.

It runs in a process of its own, for Pulumi keeps threads and loops that end only with their process.
"""

import asyncio
import gc
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func

from infra.stack import ROOT, Environment

FOLDER = Path(__file__).parent
PLACEHOLDERS = {
    "gcp:project": "waooaw-{environment}",
    "waooaw:projectNumber": "100000000001",
    "waooaw:billingAccount": "000000-000000-000000",
    "waooaw:alertsTo": "operators@example.com",
    "waooaw:monthlyBudget": "100",
}
"""What only a deployment decides, where nothing is deployed."""

IMAGE = f"asia-south1-docker.pkg.dev/waooaw/functions/waooaw@sha256:{'0' * 64}"
"""What functions run, where nothing runs."""

STACK = "pulumi:pulumi:Stack"
"""The type of what all resources of a stack are part of."""


@dataclass(frozen=True)
class Resource:
    """One resource, as the program asks for it; or what the program looks up, by the name of the function that looks."""

    type: str
    """Its module and its class: ``pubsub.Topic``; ``storage.getProjectServiceAccount`` is looked up."""

    name: str
    inputs: Mapping[str, Any]
    urn: str = ""
    """What the engine calls it."""

    after: frozenset[str] = frozenset()
    """The urns of what it waits for: what the program says, and whatever its inputs come from."""

    fed_by: frozenset[str] = frozenset()
    """The urns of what its inputs come from."""

    protect: bool = False
    """Whether the engine refuses to delete it."""

    retain: bool = False
    """Whether it stays where it is when the program no longer asks for it."""

    goes_first: bool | None = None
    """Whether it is deleted before what replaces it is made; None where its provider decides."""

    patience: Mapping[str, str] = field(default_factory=dict)
    """How long the engine waits until it is made, changed and deleted, where it says so: ``{"create": "90m"}``."""

    @property
    def looked_up(self) -> bool:
        """Whether it is no resource and the program but asks for it."""
        return self.type.rpartition(".")[2].startswith("get")


def planned(environment: Environment, image: str, settings: Mapping[str, str]) -> list[Resource]:
    """
    Run the program for an environment and return everything it asks for.

    Args:
        environment: The stack, whose file of settings counts.

        image: What the functions run, by its digest.

        settings: Other settings than those of the file, by their full names.

    Raises:
        SystemExit: The program refuses; its sentence says why.
    """
    known = configuration(environment, image, settings)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-m", __name__, environment]
    done = subprocess.run(  # noqa: S603 - this very file
        command,
        input=json.dumps(known),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return [_read(one) for one in json.loads(done.stdout)]


def _read(one: dict[str, Any]) -> Resource:
    sets = {name: frozenset(one[name]) for name in ("after", "fed_by")}
    return Resource(**one | sets)


def closure(graph: Iterable[Resource], urn: str) -> frozenset[str]:
    """Return the urns of everything that a resource waits for, directly or through others."""
    after = {one.urn: one.after for one in graph}
    found: set[str] = set()
    ahead = set(after[urn])
    while ahead:
        found |= ahead
        ahead = set().union(*(after[one] for one in ahead)) - found
    return frozenset(found)


def configuration(
    environment: Environment, image: str, settings: Mapping[str, str]
) -> dict[str, str]:
    """Return everything that the program is told, likewise."""
    file = yaml.safe_load((FOLDER / f"Pulumi.{environment}.yaml").read_text())
    known = {name: v.format(environment=environment) for name, v in PLACEHOLDERS.items()}
    known |= {n: v if isinstance(v, str) else json.dumps(v) for n, v in file["config"].items()}
    return known | {**settings, "waooaw:image": image}


class _Cloud(mocks.Mocks):
    """Answers as the cloud would, as far as other resources ask."""

    def __init__(self, project: str) -> None:
        self.project = project

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Make up what the cloud would add."""
        type = _type(args.typ)
        name = args.inputs.get("name", args.name)
        made = {"name": name} | self._made(type, args.inputs)
        id = made.pop("id", f"projects/{self.project}/{type.partition('.')[0]}/{name}")
        return id, args.inputs | made

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer what the program looks up."""
        match args.token.rpartition(":")[2]:
            case "getProjectServiceAccount":
                return {"emailAddress": "service-1@gs-project-accounts.iam.gserviceaccount.com"}
            case "getSecretVersionAccess":
                return {"secretData": "a secret"}
        raise LookupError(f"the program looks up {args.token}, which nobody answers here")

    def _made(self, type: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if type == "serviceaccount.Account":
            email = f"{inputs['accountId']}@{self.project}.iam.gserviceaccount.com"
            full = f"projects/{self.project}/serviceAccounts/{email}"
            return {"email": email, "name": full, "id": full}
        if type == "kms.KeyRing":
            return {
                "id": f"projects/{self.project}/locations/{inputs['location']}/keyRings/{inputs['name']}"
            }
        if type == "kms.CryptoKey":
            return {"id": f"{inputs['keyRing']}/cryptoKeys/{inputs['name']}"}
        if type == "projects.ServiceIdentity":
            return {"member": _agent(inputs["service"].removesuffix(".googleapis.com"))}
        if type == "projects.IAMCustomRole":
            return {"name": f"projects/{self.project}/roles/{inputs['roleId']}"}
        return {
            "apigateway.Gateway": {"defaultHostname": "waooaw-example.gateway.dev"},
            "apigateway.Api": {"managedService": f"waooaw.apigateway.{self.project}.cloud.goog"},
            "logging.ProjectSink": {"writerIdentity": _agent("logging")},
            "firebase.WebApp": {"appId": "1:1:web:1"},
        }.get(type, {})


def _agent(service: str) -> str:
    return f"serviceAccount:service-1@gcp-sa-{service}.iam.gserviceaccount.com"


class _Engine(mocks.MockMonitor):
    """Takes down everything that is asked for, with what it waits for, as the engine is told it."""

    def __init__(self, cloud: _Cloud) -> None:
        super().__init__(cloud)
        self.taken: list[Resource] = []

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Name a resource as the engine does, which leaves the stack out of it."""
        return super().make_urn("" if STACK in parent else parent, type_, name)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        """Take a resource down."""
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.custom:
            fed_by = {u for one in request.propertyDependencies.values() for u in one.urns}
            patience = {field.name: limit for field, limit in request.customTimeouts.ListFields()}
            self.taken.append(
                Resource(
                    _type(request.type),
                    request.name,
                    rpc.deserialize_properties(request.object),
                    answer.urn,
                    frozenset(request.dependencies) | fed_by,
                    frozenset(fed_by),
                    request.protect,
                    request.retainOnDelete,
                    request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
                    patience,
                )
            )
        return answer

    def Invoke(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        """Take down what is looked up."""
        name, asked = str(len(self.taken)), rpc.deserialize_properties(request.args)
        urn, after = self.make_urn("", request.tok, name), frozenset(request.dependsOn)
        self.taken.append(Resource(_type(request.tok), name, asked, urn, after))
        return super().Invoke(request)  # type: ignore[no-untyped-call]

    def GetDeploymentInfo(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        """Ask to be told what a look-up waits for."""
        info = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        info.supportedFeatures.append(resource_pb2.RESOURCE_MONITOR_FEATURE_INVOKE_DEPENDS_ON)
        return info


def _type(token: str) -> str:
    """Return the type of a token: ``pubsub.Topic`` of ``gcp:pubsub/topic:Topic``."""
    _, module, kind = token.split(":")
    return f"{module.partition('/')[0]}.{kind}"


def _program() -> None:
    runpy.run_path("program.py")


def _run(environment: str, settings: dict[str, str]) -> list[Resource]:
    engine = _Engine(_Cloud(settings["gcp:project"]))
    loop = asyncio.new_event_loop()
    # Without a loop the program would wait for one that nobody runs.
    asyncio.set_event_loop(loop)
    mocks.set_mocks(
        engine.mocks, project="waooaw", stack=environment, preview=False, monitor=engine
    )
    pulumi.runtime.set_all_config(settings)
    # What a run makes lives until its process ends; to look for what does not is a third of its time.
    gc.disable()
    # Pulumi runs the program in its own folder.
    os.chdir(FOLDER)
    loop.run_until_complete(run_pulumi_func(_program))
    return engine.taken


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value.path


if __name__ == "__main__":
    try:
        resources = _run(sys.argv[1], json.load(sys.stdin))
    except pulumi.RunError as error:
        sys.exit(str(error))
    json.dump([asdict(one) for one in resources], sys.stdout, default=_plain)
