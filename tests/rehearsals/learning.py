"""Draft a seed, and submit it."""

from copy import deepcopy

from shared.learning.examples import DEPLOY_AGAIN


def rehearse(scene):
    drafted(scene.client)


def drafted(client, **more):
    draft = client.post("governor", "/v1/seeds", {"rule": deepcopy(DEPLOY_AGAIN), **more})
    client.get("governor", f"/v1/seeds/{draft['id']}")
    client.get("governor", "/v1/seeds?status=draft")
    return client.post("governor", f"/v1/seeds/{draft['id']}/submit")
