"""Enter what happened elsewhere."""

from tests.rehearsals.scene import example_of


def rehearse(scene):
    scene.client.post("service", "/v1/audit/log", example_of("/v1/audit/log"))
