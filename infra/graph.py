"""
The resources of a stack, without a cloud: the program is run, and every resource it asks for is taken down.

It runs in a process of its own, for Pulumi keeps threads and loops that end only with their process.
"""

import asyncio
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

from infra.stack import ROOT, Environment

FOLDER = Path(__file__).parent
PLACEHOLDERS = {
    "gcp:project": "waooaw-{environment}",
    "waooaw:billingAccount": "000000-000000-000000",
    "waooaw:alertsTo": "operators@example.com",
}
"""What only a deployment decides, where nothing is deployed."""


@dataclass(frozen=True)
class Resource:
    """One resource, as the program asks for it."""

    type: str
    """Its module and its class: ``pubsub.Topic``."""

    name: str
    inputs: Mapping[str, Any]


def planned(environment: Environment, archive: Path, settings: Mapping[str, str]) -> list[Resource]:
    """
    Run the program for an environment and return everything it asks for.

    Args:
        environment: The stack, whose file of settings counts.

        archive: What the functions are deployed from.

        settings: Other settings than those of the file, by their full names.

    Raises:
        SystemExit: The program refuses; its sentence says why.
    """
    known = configuration(environment, archive, settings)
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
    return [Resource(**one) for one in json.loads(done.stdout)]


def configuration(
    environment: Environment, archive: Path, settings: Mapping[str, str]
) -> dict[str, str]:
    """Return everything that the program is told, likewise."""
    file = yaml.safe_load((FOLDER / f"Pulumi.{environment}.yaml").read_text())
    known = {name: v.format(environment=environment) for name, v in PLACEHOLDERS.items()}
    known |= {n: v if isinstance(v, str) else json.dumps(v) for n, v in file["config"].items()}
    return known | {**settings, "waooaw:archive": str(archive)}


class _Taken(mocks.Mocks):
    """Takes every resource down, and answers as the cloud would, as far as other resources ask."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.resources: list[Resource] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Keep what is asked for, and make up what the cloud would add."""
        _, module, kind = args.typ.split(":")
        module = module.partition("/")[0]
        self.resources.append(Resource(f"{module}.{kind}", args.name, args.inputs))
        name = args.inputs.get("name", args.name)
        made = {"name": name} | self._made(f"{module}.{kind}", name, args.inputs)
        return f"projects/{self.project}/{module}/{name}", args.inputs | made

    def call(self, args: mocks.MockCallArgs) -> Any:
        """Answer what the program looks up."""
        match args.token.rpartition(":")[2]:
            case "getProjectServiceAccount":
                return {"emailAddress": "service-1@gs-project-accounts.iam.gserviceaccount.com"}
            case "getProject":
                return {"number": "1"}
            case "getSecretVersionAccess":
                return {"secretData": "a secret"}
        raise LookupError(f"the program looks up {args.token}, which nobody answers here")

    def _made(self, type: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if type == "serviceaccount.Account":
            email = f"{inputs['accountId']}@{self.project}.iam.gserviceaccount.com"
            return {"email": email, "name": f"projects/{self.project}/serviceAccounts/{email}"}
        if type == "cloudfunctionsv2.Function":
            service = inputs["serviceConfig"] | {"uri": f"https://{name}-example.run.app"}
            return {"serviceConfig": service}
        if type == "projects.IAMCustomRole":
            return {"name": f"projects/{self.project}/roles/{inputs['roleId']}"}
        return {
            "apigateway.Gateway": {"defaultHostname": "waooaw-example.gateway.dev"},
            "apigateway.Api": {"managedService": f"waooaw.apigateway.{self.project}.cloud.goog"},
            "projects.ServiceIdentity": {"member": "serviceAccount:service-1@agent.example"},
            "logging.ProjectSink": {"writerIdentity": "serviceAccount:service-1@sink.example"},
            "firebase.WebApp": {"appId": "1:1:web:1"},
        }.get(type, {})


def _program() -> None:
    runpy.run_path("program.py")


def _run(environment: str, settings: dict[str, str]) -> list[Resource]:
    taken = _Taken(settings["gcp:project"])
    loop = asyncio.new_event_loop()
    # Without a loop the program would wait for one that nobody runs.
    asyncio.set_event_loop(loop)
    mocks.set_mocks(taken, project="waooaw", stack=environment, preview=False)
    pulumi.runtime.set_all_config(settings)
    # Pulumi runs the program in its own folder.
    os.chdir(FOLDER)
    loop.run_until_complete(run_pulumi_func(_program))
    return taken.resources


if __name__ == "__main__":
    try:
        resources = _run(sys.argv[1], json.load(sys.stdin))
    except pulumi.RunError as error:
        sys.exit(str(error))
    json.dump([asdict(one) for one in resources], sys.stdout, default=lambda asset: asset.path)
