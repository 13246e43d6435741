#!/usr/bin/env bash
# pulumi 3.272.0, its mocks: two resources of one type and one name are taken as two, and no URN is the engine's.
#
# Seen: a program that registers `pkg:index:Thing` twice as "a" runs to its end under `pulumi.runtime.set_mocks`; the engine
# refuses it ("Duplicate resource URN … try giving it a unique name"). The URNs that mocks give name the stack as a parent type,
# `…::pulumi:pulumi:Stack$pkg:index:Thing::a`, which the engine leaves out: a `--target` tried on them says nothing.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/pip install -q --disable-pip-version-check pulumi==3.272.0
cat > twice.py <<'PY'
import asyncio

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

asyncio.set_event_loop(loop := asyncio.new_event_loop())
taken = []


class Taken(mocks.Mocks):
    def new_resource(self, args):
        taken.append(args.name)
        return args.name, args.inputs

    def call(self, args):
        return {}


urns = []


def program():
    for _ in range(2):
        thing = pulumi.CustomResource("pkg:index:Thing", "a", {})
        thing.urn.apply(urns.append)


mocks.set_mocks(Taken(), project="project", stack="dev", preview=False)
loop.run_until_complete(run_pulumi_func(program))
print(taken, urns)
assert taken == ["a", "a"]
assert urns == ["urn:pulumi:dev::project::pulumi:pulumi:Stack$pkg:index:Thing::a"] * 2
PY
env/bin/python -W ignore twice.py
