"""What is left when a stack is destroyed is known, and can be adopted when it is made again."""

import json
import sys

import pytest

from infra import again, permissions
from infra.graph import FOLDER, Resource

RUNBOOK = (FOLDER.parent / "docs/runbooks/again.md").read_text()


def test_all_that_nobody_can_delete_is_adopted_or_taken_up(prod):
    """What is not deleted is what no permission to delete is for (infra/permissions.py); grants are taken back."""
    stays = {
        one.type
        for one in prod
        if not one.looked_up
        and "role" not in one.inputs
        and not any(" delete" in f" {line}" for line in permissions.OF_TYPES[one.type])
    }
    assert stays == again.LEFT.keys() | again.TAKEN_UP


def test_what_is_adopted_is_named_as_google_names_it(prod):
    found = again.adopted(prod, "p")["resources"]
    assert {one["type"]: one["id"] for one in found} == {
        "gcp:identityplatform/config:Config": "projects/p/config",
        "gcp:kms/keyRing:KeyRing": "projects/p/locations/asia-south1/keyRings/waooaw",
        "gcp:kms/cryptoKey:CryptoKey": (
            "projects/waooaw-prod/locations/asia-south1/keyRings/waooaw/cryptoKeys/records"
        ),
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": (
            "projects/p/locations/global/workloadIdentityPools/repository"
        ),
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": (
            "projects/p/locations/global/workloadIdentityPools/repository/providers/github"
        ),
        "gcp:projects/apiKey:ApiKey": "projects/p/locations/global/keys/web",
    }


def test_it_is_printed_as_pulumi_reads_it(monkeypatch, capsys):
    one = Resource("identityplatform.Config", "sign-in", {}, "urn:a::b::gcp:x/y:Config::sign-in")
    monkeypatch.setattr(again, "planned", lambda stack, image, settings: [one])
    monkeypatch.setattr(sys, "argv", ["again", "dev", "p"])
    again.main()
    printed = json.loads(capsys.readouterr().out)
    wanted = {"type": "gcp:x/y:Config", "name": "sign-in", "id": "projects/p/config"}
    assert printed == {"resources": [wanted]}


@pytest.mark.parametrize("type", [*again.LEFT, *again.THIRTY_DAYS])
def test_the_runbook_says_what_becomes_of_it(type):
    assert f"`{type}`" in RUNBOOK


def test_a_database_goes_with_its_stack_but_in_production(dev, prod):
    def of(graph, type):
        (found,) = (one for one in graph if one.type == type)
        return found.inputs["deletionPolicy"]

    assert of(dev, "firestore.Database") == "DELETE"
    assert of(prod, "firestore.Database") == "ABANDON"
    assert of(dev, "kms.CryptoKey") == of(prod, "kms.CryptoKey") == "ABANDON"
