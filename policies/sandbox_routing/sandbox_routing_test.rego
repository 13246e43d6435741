package sandbox_routing_test

import data.asking_test as asking
import data.sandbox_routing

route := {"route_id": "sendgrid", "target": "provider://sendgrid/sandbox-mode", "credential_ref": "sandbox/sendgrid", "audit_tag": "trial_sandbox_integration"}

does(more) := asking.but(object.union(
	{
		"subject": {"type": "agent", "roles": ["service"], "tenant_id": "clinic"},
		"action": {"name": "integration.execute", "operation": "send", "external": true},
		"resource": {"owner_tenant_id": "clinic"},
		"agent": {"id": "a-1", "status": "deployed", "sandbox": route},
	},
	more,
))

on_trial := {"subject": {"trial": {"active": true}}}

samples := {
	"in service": does({}),
	"in service, without a sandbox": does({"agent": {"sandbox": null}}),
	"on trial": does(on_trial),
	"in certification": does({"agent": {"status": "certified"}}),
	"on trial without a sandbox": does(object.union(on_trial, {"agent": {"sandbox": null}})),
	"on trial with half a sandbox": does(object.union(on_trial, {"agent": {"sandbox": {"target": ""}}})),
	"on trial with real credentials": does(object.union(on_trial, {"agent": {"sandbox": {"credential_ref": "clinic/sendgrid"}}})),
	"it chooses the route": does({"args": {"route": "live"}}),
	"it chooses the target": does({"args": {"target": "https://api.example.com"}}),
	"suspended": does({"agent": {"status": "suspended"}}),
}

test_sbx_00_no_nothing_at_all if asking.denies(sandbox_routing.decision, "SBX-00") with input as {}

test_sbx_00_no_what_is_not_said if {
	asking.denies(sandbox_routing.decision, "SBX-00") with input as json.remove(does({}), ["agent/status"])
	asking.denies(sandbox_routing.decision, "SBX-00") with input as json.remove(does({}), ["agent/sandbox"])
	asking.denies(sandbox_routing.decision, "SBX-00") with input as does({"agent": {"sandbox": "none"}})
	asking.denies(sandbox_routing.decision, "SBX-00") with input as does({"agent": {"status": ""}})
}

test_sbx_00_yes_all_is_there if asking.allows(sandbox_routing.decision, "SBX-03") with input as samples["in service, without a sandbox"]

test_sbx_01_yes_on_trial_and_in_certification if {
	every name in ["on trial", "in certification"] {
		d := sandbox_routing.decision with input as samples[name]
		asking.allows(d, "SBX-01")
		asking.obliges(d, "sandbox_route", route)
	}
}

test_sbx_01_no_in_service if {
	d := sandbox_routing.decision with input as samples["in service"]
	count(d.obligations) == 0
}

test_sbx_02_no_without_a_sandbox if {
	asking.denies(sandbox_routing.decision, "SBX-02") with input as samples["on trial without a sandbox"]
	asking.denies(sandbox_routing.decision, "SBX-02") with input as samples["on trial with half a sandbox"]
}

test_sbx_02_yes_with_one if asking.allows(sandbox_routing.decision, "SBX-01") with input as samples["on trial"]

test_sbx_03_yes_in_service if asking.allows(sandbox_routing.decision, "SBX-03") with input as samples["in service"]

test_sbx_03_no_on_trial if {
	d := sandbox_routing.decision with input as samples["on trial"]
	not "SBX-03" in d.matched
}

test_sbx_04_no_real_credentials if asking.denies(sandbox_routing.decision, "SBX-04") with input as samples["on trial with real credentials"]

test_sbx_04_yes_its_own if asking.allows(sandbox_routing.decision, "SBX-01") with input as samples["on trial"]

test_sbx_05_no_who_asks_chooses if {
	asking.denies(sandbox_routing.decision, "SBX-05") with input as samples["it chooses the route"]
	asking.denies(sandbox_routing.decision, "SBX-05") with input as samples["it chooses the target"]
}

test_sbx_05_yes_nobody_chooses if asking.allows(sandbox_routing.decision, "SBX-03") with input as samples["in service"]

test_sbx_06_no_suspended if {
	asking.denies(sandbox_routing.decision, "SBX-06") with input as samples["suspended"]
	every status in ["Deployed", "deployed ", "deployedx", "deploy"] {
		asking.denies(sandbox_routing.decision, "SBX-06") with input as does({"agent": {"status": status}})
	}
}

test_sbx_06_yes_deployed if asking.allows(sandbox_routing.decision, "SBX-03") with input as samples["in service"]
