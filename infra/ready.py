"""What deploying takes: each missing thing is said in one sentence, with the command that mends it, before anything is done."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from infra import supply
from infra.cloud import Cloud, Refused, signed_in
from infra.image import Images
from infra.stack import Environment, state_key

FOLDER = Path(__file__).parent
ASKED_FOR = {
    "gcp:project": "which Google Cloud project it is",
    "gcp:region": "which region it is in",
    "waooaw:buildRegion": "where Cloud Build builds its image",
    "waooaw:projectNumber": "which number that project has",
    "waooaw:monthlyBudget": "what a month may cost, in the currency of its billing account, or none",
    "waooaw:billingAccount": "which billing account its budget is of",
    "waooaw:alertsTo": "which address its alerts go to",
}
"""What a stack must say before it can be deployed."""

FIRST = ("cloudresourcemanager", "serviceusage", "storage")
"""The services that must be enabled before a program can enable any."""

NEEDED = (
    "serviceusage.services.enable",
    "serviceusage.services.use",
    "resourcemanager.projects.setIamPolicy",
    "cloudbuild.builds.create",
    "run.services.create",
)
"""What whoever deploys is asked for beforehand: without one of these a deployment ends half way."""


def ready(
    stack: Environment, connect: Callable[[str], Cloud] = signed_in
) -> tuple[dict[str, str], Cloud]:
    """
    Return a stack's own settings and its project, once everything is there that deploying takes.

    Raises:
        SystemExit: It is not.
    """
    backend, settings = _pulumi(stack)
    cloud = connect(settings["gcp:project"])
    _project(cloud, stack, settings["waooaw:projectNumber"])
    _rights(cloud)
    if backend.startswith("gs://"):
        _state(cloud, backend.removeprefix("gs://").partition("/")[0].partition("?")[0])
        _key(stack, state_key(settings["gcp:project"], settings["gcp:region"]))
    return settings, cloud


def deployable(images: Images, archive: Path | None, image: str | None) -> None:
    """
    Have what is to be deployed be there: an archive with what lies beside it, or an image.

    Raises:
        SystemExit: It is not, or is another.
    """
    if archive is None:
        images.found(image or "")
        return
    try:
        supply.beside(archive)
    except OSError as error:
        raise SystemExit(f"{archive} cannot be read: {error.strerror}; run: make archive") from None


def asked(*arguments: str) -> str | None:
    """Return what Pulumi answers, or None where it refuses."""
    command = ["pulumi", *arguments]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)  # noqa: S603 - as we say
    return None if done.returncode else done.stdout


def outputs(stack: Environment) -> Mapping[str, str]:
    """Return what a stack says of itself: nothing before it was deployed."""
    said = json.loads(asked("stack", "output", "--stack", stack, "--json") or "{}")
    return {name: value for name, value in said.items() if isinstance(value, str)}


def _pulumi(stack: Environment) -> tuple[str, dict[str, str]]:
    if not shutil.which("pulumi"):
        raise SystemExit(
            "the pulumi command is missing; install it from https://www.pulumi.com/docs/install"
        )
    who = asked("whoami", "--json")
    if who is None:
        raise SystemExit(
            "nobody is signed in to Pulumi; run: pulumi login, or pulumi login gs://BUCKET"
        )
    given = asked("config", "--stack", stack, "--json")
    if given is None:
        raise SystemExit(
            f"there is no stack {stack}, or its key is not yours to use; "
            f"run: pulumi -C infra stack init {stack} (docs/runbooks/deploy.md)"
        )
    settings = {name: one["value"] for name, one in json.loads(given).items() if "value" in one}
    no_budget = {"waooaw:billingAccount"} if settings.get("waooaw:monthlyBudget") == "none" else ()
    for name, what in ASKED_FOR.items():
        if not settings.get(name) and name not in no_budget:
            raise SystemExit(
                f"{stack} does not say {what}; run: pulumi -C infra config set {name} VALUE --stack {stack}"
            )
    return str(json.loads(who).get("url", "")), settings


def _project(cloud: Cloud, stack: Environment, number: str) -> None:
    """Have the project there, with its number, and able to enable what it needs."""
    for name in FIRST:
        path = f"/v1/projects/{cloud.project}/services/{name}.googleapis.com"
        try:
            enabled = cloud.ask("GET", "serviceusage.googleapis.com", path)["state"] == "ENABLED"
        except Refused as refused:
            if not refused.not_enabled:
                raise SystemExit(
                    f"the project {cloud.project} cannot be asked: {refused}"
                ) from None
            enabled = False
        if not enabled:
            names = " ".join(f"{one}.googleapis.com" for one in FIRST)
            raise SystemExit(
                f"{name}.googleapis.com is not enabled; run: gcloud services enable {names} --project {cloud.project}"
            )
    found = cloud.ask("GET", "cloudresourcemanager.googleapis.com", f"/v1/projects/{cloud.project}")
    if found["projectNumber"] != number:
        right = found["projectNumber"]
        raise SystemExit(
            f"{cloud.project} has the number {right} and not {number}; "
            f"run: pulumi -C infra config set waooaw:projectNumber {right} --stack {stack}"
        )


def _rights(cloud: Cloud) -> None:
    """Have whoever deploys be allowed to."""
    path = f"/v1/projects/{cloud.project}:testIamPermissions"
    wanted = {"permissions": list(NEEDED)}
    host = "cloudresourcemanager.googleapis.com"
    allowed = cloud.ask("POST", host, path, wanted, repeatable=True)
    for missing in sorted(set(NEEDED) - set(allowed.get("permissions", ()))):
        raise SystemExit(
            f"you may not {missing} in {cloud.project}; whoever may grants it: "
            f"gcloud projects add-iam-policy-binding {cloud.project} --member WHO --role ROLE (docs/runbooks/deploy.md)"
        )


def _state(cloud: Cloud, bucket: str) -> None:
    """Have every state of before be kept: one that is lost or broken is all there is."""
    path = f"/storage/v1/b/{bucket}?fields=versioning"
    found = cloud.ask("GET", "storage.googleapis.com", path)
    if not (found.get("versioning") or {}).get("enabled"):
        raise SystemExit(
            f"gs://{bucket} keeps no version of Pulumi's state but the last; "
            f"run: gcloud storage buckets update gs://{bucket} --versioning"
        )


def _key(stack: Environment, key: str) -> None:
    """Have the stack's secrets be kept with the key that the pipeline may use: with another it cannot open the stack."""
    file = yaml.safe_load((FOLDER / f"Pulumi.{stack}.yaml").read_text())
    has = str(file.get("secretsprovider") or "")
    if has.startswith("gcpkms://") and has != f"gcpkms://{key}":
        raise SystemExit(
            f"the secrets of {stack} are kept with {has}, which the pipeline may not use; "
            f"run: pulumi -C infra stack change-secrets-provider gcpkms://{key} --stack {stack}"
        )
