# METADATA
# title: Routes to sandboxes
# description: >-
#   Where something goes: to a sandbox while the agent is on trial or in certification, and else to the real thing. The
#   route is looked up with the agent (`agent.sandbox`); who asks can neither see nor choose it.
# custom:
#   reasons:
#     SBX-00: What was asked cannot be compared.
#     SBX-02: There is no sandbox for it.
#     SBX-04: A sandbox would get real credentials.
#     SBX-05: Somebody chose the route.
#     SBX-06: The agent neither works nor is tried.
#   allows:
#     SBX-01: It goes to a sandbox.
#     SBX-03: It goes to the real thing.
package sandbox_routing

import data.shape

decision := shape.answer(allowed, deny, set(), obligations) if well_formed else := shape.refused("SBX-00", {"agent.status", "agent.sandbox"}, given) if not well_formed

well_formed if {
	shape.well_formed
	shape.text(input.agent.status)
	sandbox_known
}

sandbox_known if is_null(input.agent.sandbox)

sandbox_known if is_object(input.agent.sandbox)

given contains "agent.status" if shape.text(input.agent.status)

given contains "agent.sandbox" if sandbox_known

in_sandbox if is_object(input.subject.trial)

in_sandbox if input.agent.status in {"draft", "certified"}

resolved if {
	shape.text(input.agent.sandbox.route_id)
	shape.text(input.agent.sandbox.target)
	shape.text(input.agent.sandbox.credential_ref)
	shape.text(input.agent.sandbox.audit_tag)
}

test_credentials if startswith(input.agent.sandbox.credential_ref, "sandbox/")

# Whatever it says.
chosen if _ = input.args.route

chosen if _ = input.args.target

deny contains reason if {
	in_sandbox
	not resolved
	reason := shape.because("SBX-02", "high", "there is no sandbox for this agent, so nothing is sent; have it deployed")
}

deny contains reason if {
	in_sandbox
	resolved
	not test_credentials
	reason := shape.because("SBX-04", "critical", "the sandbox would get credentials that are not of a sandbox; have it deployed")
}

deny contains reason if {
	chosen
	reason := shape.because("SBX-05", "high", "where it goes is for the platform to say; leave route and target out")
}

deny contains reason if {
	not in_sandbox
	input.agent.status != "deployed"
	reason := shape.because("SBX-06", "high", sprintf("the agent is %s, so it sends nothing anywhere; have it deployed", [input.agent.status]))
}

allowed contains "SBX-01" if {
	in_sandbox
	resolved
}

allowed contains "SBX-03" if {
	not in_sandbox
	input.agent.status == "deployed"
}

obligations contains {"type": "sandbox_route", "parameters": route, "source_rule": "SBX-01"} if {
	in_sandbox
	resolved
	route := object.filter(input.agent.sandbox, ["route_id", "target", "credential_ref", "audit_tag"])
}
