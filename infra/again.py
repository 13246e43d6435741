"""
What is left of a stack that was destroyed, and must be adopted before it is made again: ``python -m infra.again STACK PROJECT``.

It prints what ``pulumi import --file`` reads (docs/runbooks/again.md).
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, get_args

from infra.graph import IMAGE, Resource, planned
from infra.stack import Environment

LEFT: Mapping[str, str] = {
    "identityplatform.Config": "projects/{project}/config",
    "kms.CryptoKey": "{keyRing}/cryptoKeys/{name}",
    "kms.KeyRing": "projects/{project}/locations/{location}/keyRings/{name}",
}
"""What nobody can delete, and how it is named when it is adopted."""

THIRTY_DAYS: Mapping[str, str] = {
    "iam.WorkloadIdentityPool": (
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
    ),
    "iam.WorkloadIdentityPoolProvider": (
        "projects/{project}/locations/global/workloadIdentityPools/{workloadIdentityPoolId}"
        "/providers/{workloadIdentityPoolProviderId}"
    ),
    "projects.ApiKey": "projects/{project}/locations/global/keys/{name}",
}
"""What is deleted, and whose name is taken for thirty days all the same: it is brought back, and then adopted."""

TAKEN_UP = frozenset(
    {
        "firebase.Project",
        "firestore.Field",
        "identityplatform.DefaultSupportedIdpConfig",
        "logging.ProjectBucketConfig",
        "projects.Service",
        "projects.ServiceIdentity",
    }
)
"""What is never deleted either, and which the provider takes up by itself where it is there."""


def adopted(graph: Iterable[Resource], project: str) -> dict[str, Any]:
    """Return what Pulumi imports before it makes a stack again, as it reads it from a file."""
    named = {**LEFT, **THIRTY_DAYS}
    return {
        "resources": [
            {
                "type": one.urn.split("::")[2],
                "name": one.name,
                "id": named[one.type].format(project=project, **one.inputs),
            }
            for one in graph
            if one.type in named
        ]
    }


def main() -> None:
    """Print what is left of a stack."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.again", description="Adopt what is left."
    )
    parser.add_argument("stack", choices=get_args(Environment))
    parser.add_argument("project", help="the Google Cloud project")
    given = parser.parse_args()
    graph = planned(given.stack, IMAGE, {"gcp:project": given.project})
    json.dump(adopted(graph, given.project), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
