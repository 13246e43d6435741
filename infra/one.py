"""
The way around the image: one function, built by itself from the archive by ``gcloud functions deploy``.

What is written here is read off the service that the function is otherwise, so it is never another one.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.archive import BUILD_ENVIRONMENT, PYTHON
from infra.graph import Resource
from infra.invokers import invokers
from infra.reading import container, told
from infra.stack import IMAGES
from shared.edge.loading import load

RESERVED = {"FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE"}
"""What Cloud Functions says itself; what takes events, the framework knows by the function."""

INGRESS = {"INGRESS_TRAFFIC_ALL": "all", "INGRESS_TRAFFIC_INTERNAL_ONLY": "internal-only"}


def commands(service: Resource, settings: Mapping[str, str], sha256: str, file: Path) -> list[str]:
    """
    Return what deploys a function by itself, and lets in whoever may call it.

    Args:
        service: What it is otherwise.

        settings: Those of the stack.

        sha256: Of the archive, which lies in the bucket of sources.

        file: Where its environment is written to, for values have commas.
    """
    project, region = settings["gcp:project"], settings["gcp:region"]
    environment = {name: value for name, value in told(service).items() if name not in RESERVED}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(environment))
    name, template = service.inputs["name"], service.inputs["template"]
    limits, scaling = container(service)["resources"]["limits"], template["scaling"]
    words = [
        *("gcloud", "functions", "deploy", name, "--gen2"),
        *("--project", project, "--region", region),
        *("--runtime", f"python{''.join(map(str, PYTHON))}", "--entry-point", "serve"),
        *("--source", f"gs://{project}-source/{sha256}.zip"),
        *("--set-build-env-vars", ",".join(f"{n}={v}" for n, v in BUILD_ENVIRONMENT.items())),
        "--build-service-account",
        f"projects/{project}/serviceAccounts/builder@{project}.iam.gserviceaccount.com",
        "--docker-repository",
        f"projects/{project}/locations/{region}/repositories/{IMAGES}",
        *("--run-service-account", template["serviceAccount"]),
        *("--memory", limits["memory"], "--cpu", limits["cpu"]),
        *("--concurrency", str(int(template["maxInstanceRequestConcurrency"]))),
        *("--timeout", template["timeout"]),
        *("--min-instances", str(int(scaling["minInstanceCount"]))),
        *("--max-instances", str(int(scaling["maxInstanceCount"]))),
        *("--ingress-settings", INGRESS[service.inputs["ingress"]]),
        *("--env-vars-file", str(file), "--set-secrets", ",".join(_secrets(template))),
        *("--trigger-http", "--no-allow-unauthenticated"),
    ]
    place = ["--project", project, "--region", region, "--role", "roles/run.invoker"]
    let_in = [
        [
            *("gcloud", "run", "services", "add-iam-policy-binding", name, *place),
            *("--member", f"serviceAccount:{account}@{project}.iam.gserviceaccount.com"),
        ]
        for account in sorted(invokers(load(service.name)))
    ]
    return [shlex.join(one) for one in (words, *let_in)]


def _secrets(template: Mapping[str, Any]) -> list[str]:
    """Return what is mounted where, as gcloud writes it."""
    (one,) = template["containers"]
    at = {mount["name"]: mount["mountPath"] for mount in one["volumeMounts"]}
    return [
        f"{at[volume['name']]}/{item['path']}={volume['secret']['secret']}:{item['version']}"
        for volume in template["volumes"]
        for item in volume["secret"]["items"]
    ]
