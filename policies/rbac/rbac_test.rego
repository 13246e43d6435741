package rbac_test

import data.asking_test as asking
import data.rbac

samples := {
	"an admin creates an agent": asking.within,
	"anybody uploads what they have a link for": asking.but({
		"subject": {"roles": []},
		"action": {"name": "mobile.upload_document", "scopes": []},
	}),
	"a viewer creates an agent": asking.but({"subject": {"roles": ["viewer"]}}),
	"a viewer who is also an orchestrator": asking.but({"subject": {"roles": ["viewer", "agent_orchestrator"]}}),
	"a workflow runs a stage": asking.but({
		"subject": {"type": "service", "roles": ["service"]},
		"action": {"name": "agents.settle_stage", "scopes": ["agents:run"]},
	}),
	"somebody without a role": asking.but({"subject": {"roles": []}}),
	"an emperor": asking.but({"subject": {"roles": ["admin", "emperor"]}}),
	"a scope that nobody holds": asking.but({"action": {"scopes": ["agents:sell"]}}),
}

test_rbac_00_no_nothing_at_all if asking.denies(rbac.decision, "RBAC-00") with input as {}

test_rbac_00_no_without_scopes if {
	asking.denies(rbac.decision, "RBAC-00") with input as json.remove(asking.within, ["action/scopes"])
}

test_rbac_00_no_a_word_for_a_list if {
	asking.denies(rbac.decision, "RBAC-00") with input as asking.but({"subject": {"roles": "admin"}})
	asking.denies(rbac.decision, "RBAC-00") with input as asking.but({"subject": {"roles": [["admin"]]}})
	asking.denies(rbac.decision, "RBAC-00") with input as asking.but({"action": {"scopes": null}})
}

test_rbac_00_yes_all_is_there if asking.allows(rbac.decision, "RBAC-03") with input as samples["an admin creates an agent"]

test_rbac_01_no_an_unknown_role_beside_a_good_one if {
	asking.denies(rbac.decision, "RBAC-01") with input as samples["an emperor"]
}

test_rbac_01_no_a_role_in_capitals_or_with_a_space if {
	asking.denies(rbac.decision, "RBAC-01") with input as asking.but({"subject": {"roles": ["ADMIN"]}})
	asking.denies(rbac.decision, "RBAC-01") with input as asking.but({"subject": {"roles": ["admin "]}})
}

test_rbac_01_yes_each_role_is_known if {
	asking.allows(rbac.decision, "RBAC-03") with input as samples["a viewer who is also an orchestrator"]
}

test_rbac_02_no_a_viewer if {
	d := rbac.decision with input as samples["a viewer creates an agent"]
	asking.denies(d, "RBAC-02")
	asking.says(d, "held by admin, agent_orchestrator, and you are viewer")
}

test_rbac_02_no_without_a_role if {
	d := rbac.decision with input as samples["somebody without a role"]
	asking.denies(d, "RBAC-02")
	asking.says(d, "you are nobody")
}

test_rbac_02_no_a_scope_that_nobody_holds if {
	d := rbac.decision with input as samples["a scope that nobody holds"]
	asking.denies(d, "RBAC-02")
	asking.says(d, "held by nobody")
}

test_rbac_02_yes_one_of_several_roles if {
	asking.allows(rbac.decision, "RBAC-03") with input as samples["a viewer who is also an orchestrator"]
}

test_rbac_03_yes_a_service if asking.allows(rbac.decision, "RBAC-03") with input as samples["a workflow runs a stage"]

test_rbac_03_no_a_scope_of_another_role if {
	asking.denies(rbac.decision, "RBAC-02") with input as asking.but({"action": {"scopes": ["genesis:certify"]}})
}

test_rbac_04_yes_anybody if {
	asking.allows(rbac.decision, "RBAC-04") with input as samples["anybody uploads what they have a link for"]
}

test_rbac_04_no_who_says_no_scopes_is_not_anybody if {
	asking.denies(rbac.decision, "RBAC-00") with input as json.remove(
		samples["anybody uploads what they have a link for"],
		["action/scopes"],
	)
}

test_rbac_04_no_an_operation_that_lost_its_scopes if {
	d := rbac.decision with input as asking.but({"action": {"scopes": []}})
	asking.denies(d, "RBAC-02")
	asking.says(d, "takes the scope of nobody")
}
