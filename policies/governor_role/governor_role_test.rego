package governor_role_test

import data.asking_test as asking
import data.governor_role

governor(name, more) := asking.but(object.union(
	{"subject": {"roles": ["governor"]}, "action": {"name": name, "operation": "update"}},
	more,
))

owner(name, more) := asking.but(object.union(
	{
		"subject": {"roles": ["customer_admin"], "tenant_id": "clinic"},
		"action": {"name": name, "operation": "update"},
		"resource": {"owner_tenant_id": "clinic"},
	},
	more,
))

samples := {
	"an operation that needs no governor": asking.within,
	"an admin asks for an agent": asking.but({"action": {"name": "agent.create"}}),
	"the governor deploys": governor("agent.deploy", {}),
	"an admin deploys": asking.but({"action": {"name": "agent.deploy", "operation": "execute"}}),
	"an admin deletes an agent": asking.but({"action": {"name": "agent.delete", "operation": "delete"}}),
	"an admin raises a budget": asking.but({"action": {"name": "budget.raise", "operation": "update"}}),
	"a customer's governor raises a budget": owner("budget.raise", {"subject": {"roles": ["governor"]}}),
	"an admin grants a tenth": asking.but({"action": {"name": "discount.grant"}, "args": {"percent": 10}}),
	"an admin grants more": asking.but({"action": {"name": "discount.grant"}, "args": {"percent": 11}}),
	"a discount without a figure": asking.but({"action": {"name": "discount.grant"}}),
	"an admin deploys with an approval": asking.but({
		"action": {"name": "agent.deploy", "operation": "execute"},
		"context": {"approval_state": "granted", "approval_type": "execution"},
	}),
	"the owner exports": owner("data.export", {}),
	"the owner deletes the account": owner("customer.delete", {"action": {"operation": "delete"}}),
	"an admin exports a customer's data": owner("data.export", {"subject": {"roles": ["admin"], "tenant_id": "platform"}}),
	"a user exports": owner("data.export", {"subject": {"roles": ["customer_user"]}}),
	"another customer": owner("agents.suspend_agent", {"resource": {"owner_tenant_id": "garage"}}),
	"a customer and what is the platform's": owner("mobile.read_notification", {"resource": {"owner_tenant_id": "platform"}}),
	"an agent sends": owner("integration.execute", {
		"subject": {"type": "agent", "roles": ["service"]},
		"action": {"operation": "send", "external": true},
	}),
	"an agent reads": owner("integration.execute", {
		"subject": {"type": "agent", "roles": ["service"]},
		"action": {"operation": "read", "external": true},
	}),
	"the owner sends": owner("integration.execute", {"action": {"operation": "send", "external": true}}),
	"somebody else decides": asking.but({"action": {"name": "approval.decide"}, "args": {"requested_by": "bob.platform"}}),
	"they decide about themselves": governor("approval.decide", {"args": {"requested_by": "ada.platform"}}),
	"the governor changes the constitution": governor("constitution.amend", {}),
	"an act of nobody": asking.but({"action": {"name": "agent.multiply"}}),
}

test_gov_00_no_nothing_at_all if asking.denies(governor_role.decision, "GOV-00") with input as {}

test_gov_00_no_a_figure_that_is_none if {
	asking.denies(governor_role.decision, "GOV-00") with input as samples["a discount without a figure"]
	every percent in ["5", true, null, -1, [5]] {
		asking.denies(governor_role.decision, "GOV-00") with input as asking.but({
			"action": {"name": "discount.grant"},
			"args": {"percent": percent},
		})
	}
}

test_gov_00_no_who_asked_is_not_said if {
	d := governor_role.decision with input as asking.but({"action": {"name": "approval.decide"}})
	asking.denies(d, "GOV-00")
	asking.says(d, "args.requested_by")
}

test_gov_00_no_whether_it_is_outside_is_no_word if {
	every outside in ["false", "FALSE ", 0, null] {
		asking.denies(governor_role.decision, "GOV-00") with input as asking.but({"action": {"external": outside}})
	}
}

test_gov_00_yes_all_is_there if {
	asking.allows(governor_role.decision, "GOV-10") with input as samples["an operation that needs no governor"]
}

test_gov_01_no_another_customer if asking.denies(governor_role.decision, "GOV-01") with input as samples["another customer"]

test_gov_01_yes_their_own_and_the_platforms if {
	asking.allows(governor_role.decision, "GOV-10") with input as owner("agents.suspend_agent", {})
	asking.allows(governor_role.decision, "GOV-10") with input as samples["a customer and what is the platform's"]
}

test_gov_02_no_their_own_request if asking.denies(governor_role.decision, "GOV-02") with input as samples["they decide about themselves"]

test_gov_02_yes_the_request_of_somebody_else if {
	asking.allows(governor_role.decision, "GOV-10") with input as samples["somebody else decides"]
}

test_gov_03_no_the_platform if {
	asking.denies(governor_role.decision, "GOV-03") with input as samples["an admin exports a customer's data"]
}

test_gov_03_no_a_user_of_the_account if asking.denies(governor_role.decision, "GOV-03") with input as samples["a user exports"]

test_gov_03_yes_the_owner if asking.allows(governor_role.decision, "GOV-09") with input as samples["the owner exports"]

test_gov_04_no_not_even_the_governor if {
	asking.denies(governor_role.decision, "GOV-04") with input as samples["the governor changes the constitution"]
}

test_gov_04_yes_what_is_no_constitution if {
	asking.allows(governor_role.decision, "GOV-10") with input as governor("constitutional.reading", {})
}

test_gov_05_no_an_admin if {
	asking.asks(governor_role.decision, "GOV-05", "execution") with input as samples["an admin deploys"]
	asking.asks(governor_role.decision, "GOV-05", "constitutional") with input as samples["an admin deletes an agent"]
	asking.asks(governor_role.decision, "GOV-05", "financial") with input as samples["an admin raises a budget"]
	asking.asks(governor_role.decision, "GOV-05", "financial") with input as samples["an admin grants more"]
}

test_gov_05_no_a_governor_of_somebody_elses if {
	asking.asks(governor_role.decision, "GOV-05", "financial") with input as samples["a customer's governor raises a budget"]
}

test_gov_05_yes_the_governor if asking.allows(governor_role.decision, "GOV-08") with input as samples["the governor deploys"]

test_gov_06_no_an_agent_sends if {
	asking.asks(governor_role.decision, "GOV-06", "communication") with input as samples["an agent sends"]
}

test_gov_06_yes_it_reads if asking.allows(governor_role.decision, "GOV-10") with input as samples["an agent reads"]

test_gov_06_yes_the_owner_sends if asking.allows(governor_role.decision, "GOV-10") with input as samples["the owner sends"]

test_gov_07_no_deletes_the_account if {
	asking.asks(governor_role.decision, "GOV-07", "constitutional") with input as samples["the owner deletes the account"]
}

test_gov_07_yes_exports if {
	d := governor_role.decision with input as samples["the owner exports"]
	asking.allows(d, "GOV-09")
	asking.obliges(d, "step_up_auth", {"max_age_s": 300})
}

test_gov_08_yes_the_governor if asking.allows(governor_role.decision, "GOV-08") with input as governor("route.edit", {})

test_gov_08_no_a_deputy if {
	asking.asks(governor_role.decision, "GOV-05", "execution") with input as governor("route.edit", {"subject": {"roles": ["deputy_governor"]}})
}

test_gov_09_yes_the_owner if asking.allows(governor_role.decision, "GOV-09") with input as owner("billing.update", {})

test_gov_09_no_somebody_else if {
	asking.denies(governor_role.decision, "GOV-03") with input as owner("billing.update", {"subject": {"roles": ["customer_user"]}})
}

test_gov_10_yes_a_tenth if asking.allows(governor_role.decision, "GOV-10") with input as samples["an admin grants a tenth"]

test_gov_10_no_more_than_a_tenth if {
	asking.asks(governor_role.decision, "GOV-05", "financial") with input as samples["an admin grants more"]
}

test_gov_11_no_an_unknown_act if asking.denies(governor_role.decision, "GOV-11") with input as samples["an act of nobody"]

test_gov_11_yes_a_known_one if {
	asking.allows(governor_role.decision, "GOV-10") with input as samples["an admin asks for an agent"]
}

test_gov_12_yes_with_an_approval if {
	asking.allows(governor_role.decision, "GOV-12") with input as samples["an admin deploys with an approval"]
}

test_gov_12_no_another_one if {
	every approval in [
		{"approval_state": "pending"}, {"approval_state": "Granted"}, {"approval_state": true},
		{"approval_type": "communication"}, {"approval_type": null},
	] {
		asking.asks(governor_role.decision, "GOV-05", "execution") with input as object.union(
			samples["an admin deploys with an approval"],
			{"context": approval},
		)
	}
}

test_the_families_are_those_of_the_acts if {
	acts := object.keys(governor_role.acts) | object.keys(governor_role.of_the_platform)
	governor_role.families == {family |
		some act in acts
		family := split(act, ".")[0]
		family != "policy"
	}
}
