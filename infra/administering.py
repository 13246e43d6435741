"""
Google's own libraries, as whoever administers: signed in, counted in a project, and told what to do when refused.

A person's requests are counted in the project that their sign-in names (`quota_project_id`, or GOOGLE_CLOUD_QUOTA_PROJECT),
else in the one that they administer: without any, Google refuses most of them. A service account is counted in its own.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from google.api_core.exceptions import Forbidden, GoogleAPICallError
from google.auth import default
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials as Person

from infra.cloud import advice

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
SIGN_IN = "run: gcloud auth application-default login"


def credentials(project: str) -> Any:
    """
    Return the credentials of whoever is signed in, to administer a project.

    Raises:
        SystemExit: Nobody is, or an emulator would be administered in the project's place.
    """
    emulators = sorted(name for name in os.environ if name.endswith("EMULATOR_HOST"))
    if emulators:
        raise SystemExit(
            f"{' and '.join(emulators)} would have an emulator changed in the place of {project};"
            f" run: unset {' '.join(emulators)}"
        )
    try:
        found, _ = default(scopes=[SCOPE])
    except GoogleAuthError as error:
        raise SystemExit(f"nobody is signed in to Google Cloud; {SIGN_IN}") from error
    if isinstance(found, Person) and not found.quota_project_id:
        return found.with_quota_project(project)
    return found


@contextmanager
def explained(project: str) -> Iterator[None]:
    """
    Say in a sentence what to do where Google refuses.

    Raises:
        SystemExit: It refused.
    """
    from firebase_admin.exceptions import FirebaseError

    try:
        yield
    except GoogleAuthError as error:
        raise SystemExit(f"Google takes this sign-in no more ({error}); {SIGN_IN}") from error
    except Forbidden as error:
        info = {"reason": error.reason, "metadata": error.metadata or {}}
        raise SystemExit(_sentence(project, error.message, info)) from error
    except GoogleAPICallError as error:
        said = f"Google Cloud answered {error.code or 'nothing'} in {project} ({error.message})"
        raise SystemExit(f"{said}; {advice(int(error.code or 503))}") from error
    except FirebaseError as error:
        if isinstance(error.cause, GoogleAuthError):
            raise SystemExit(f"Google takes this sign-in no more; {SIGN_IN}") from error
        told = _told(error.http_response)
        info = next((one for one in told.get("details", ()) if "reason" in one), {})
        raise SystemExit(_sentence(project, told.get("message", str(error)), info)) from error


def _told(response: Any) -> Mapping[str, Any]:
    try:
        told: Mapping[str, Any] = response.json()["error"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return {}
    return told


def _sentence(project: str, message: str, info: Mapping[str, Any]) -> str:
    """Return what to do about a refusal, by the reason that Google gives (google.rpc.ErrorInfo)."""
    metadata = info.get("metadata", {})
    counted = str(metadata.get("consumer", f"projects/{project}")).removeprefix("projects/")
    match info.get("reason"):
        case "SERVICE_DISABLED":
            service = metadata.get("service", "the service")
            return (
                f"{service} is not enabled in {counted}, where this is counted;"
                f" run: gcloud services enable {service} --project {counted}, or, if that is not the project"
                f" you mean: gcloud auth application-default set-quota-project {project}"
            )
        case "USER_PROJECT_DENIED":
            return (
                f"you may not have this counted in {counted}; have roles/serviceusage.serviceUsageConsumer there,"
                f" or run: gcloud auth application-default set-quota-project {project}"
            )
    return f"you may not do this in {project} ({message}); docs/runbooks/deploy.md says with which role"
