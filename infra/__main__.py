"""
Deploy and describe: ``python -m infra deploy STACK`` and ``python -m infra describe STACK``.

What is missing is said before anything is done, and nothing is deployed that a check of infra/checks.py finds wrong.
"""

import argparse
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import cast, get_args

from infra import checks, keys
from infra.graph import IMAGE, planned
from infra.stack import Environment

FOLDER = Path(__file__).parent
ASKED_FOR = {
    "gcp:project": "which Google Cloud project it is",
    "waooaw:projectNumber": "which number that project has",
    "waooaw:monthlyBudget": "what a month may cost, in the currency of its billing account, or none",
    "waooaw:billingAccount": "which billing account its budget is of",
    "waooaw:alertsTo": "which address its alerts go to",
}
"""What a stack must say before it can be deployed."""

FOUNDATIONS = (
    "gcp:projects/service:Service",
    "gcp:secretmanager/secret:Secret",
    "gcp:firestore/database:Database",
)
"""What must be there before the writer keys, which in turn every function mounts."""


def deploy(stack: Environment, image: str | None) -> None:
    """
    Deploy a stack.

    Raises:
        SystemExit: Something is missing or wrong; the sentence says what to do.
    """
    settings = ready(stack)
    if image is None:
        raise SystemExit("say which image to deploy: --image IMAGE@sha256:…")
    wrong = checks.findings(planned(stack, image, settings), stack)
    if wrong:
        raise SystemExit("\n".join(["nothing was deployed:", *wrong]))
    chosen = ["--stack", stack, "--config", f"waooaw:image={image}", "--yes", "--skip-preview"]
    targets = [part for type in FOUNDATIONS for part in ("--target", f"**::{type}::*")]
    pulumi("up", *chosen, *targets)
    project = settings["gcp:project"]
    for group in keys.make_first(project, *keys.connected(project)):
        print(f"{group} has its first writer key")
    pulumi("up", *chosen)


def ready(stack: Environment) -> dict[str, str]:
    """
    Return a stack's own settings, once everything is there that deploying takes.

    Raises:
        SystemExit: It is not.
    """
    if not shutil.which("pulumi"):
        raise SystemExit(
            "the pulumi command is missing; install it from https://www.pulumi.com/docs/install"
        )
    if asked("whoami") is None:
        raise SystemExit(
            "nobody is signed in to Pulumi; run: pulumi login, or pulumi login gs://BUCKET"
        )
    given = asked("config", "--stack", stack, "--json")
    if given is None:
        raise SystemExit(f"there is no stack {stack}; run: pulumi stack init {stack} --cwd infra")
    settings = {name: one["value"] for name, one in json.loads(given).items() if "value" in one}
    without = {"waooaw:billingAccount"} if settings.get("waooaw:monthlyBudget") == "none" else set()
    for name, what in ASKED_FOR.items():
        if not settings.get(name) and name not in without:
            raise SystemExit(
                f"{stack} does not say {what}; run: pulumi config set {name} VALUE --stack {stack} --cwd infra"
            )
    if not signed_in():
        raise SystemExit(
            "nobody is signed in to Google Cloud; run: gcloud auth application-default login"
        )
    return settings


def signed_in() -> bool:
    """Say whether Google's libraries know as whom to act."""
    from google.auth import default
    from google.auth.exceptions import DefaultCredentialsError

    try:
        default()
    except DefaultCredentialsError:
        return False
    return True


def pulumi(*arguments: str) -> None:
    """Run Pulumi here, in sight."""
    command = ["pulumi", *arguments]
    if subprocess.run(command, cwd=FOLDER, check=False).returncode:  # noqa: S603 - as we say
        raise SystemExit(f"pulumi {arguments[0]} failed; what it says above tells why")


def asked(*arguments: str) -> str | None:
    """Return what Pulumi answers, or None where it refuses."""
    command = ["pulumi", *arguments]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
    return None if done.returncode else done.stdout


def describe(stack: Environment, image: str | None) -> None:
    """Say what a stack consists of, without a cloud."""
    resources = [one for one in planned(stack, image or IMAGE, {}) if not one.looked_up]
    for type, number in sorted(Counter(one.type for one in resources).items()):
        print(f"{number:5} {type}")
    print(f"{len(resources):5} in all")
    for sentence in checks.findings(resources, stack):
        print(f"wrong: {sentence}")


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m infra", description="The cloud.")
    commands = parser.add_subparsers(required=True)
    for act, says in ((deploy, "deploy a stack"), (describe, "list what a stack consists of")):
        command = commands.add_parser(act.__name__, help=says)
        command.add_argument("stack", choices=get_args(Environment))
        command.add_argument("--image", help="what to deploy, by its digest")
        command.set_defaults(act=act)
    given = parser.parse_args()
    given.act(cast("Environment", given.stack), given.image)


if __name__ == "__main__":
    main()
