"""No deployed function is told of an emulator."""

import json


def test_nothing_that_is_deployed_is_told_of_an_emulator(graph):
    assert not [one.name for one in graph if "EMULATOR" in json.dumps(one.inputs, default=str)]
