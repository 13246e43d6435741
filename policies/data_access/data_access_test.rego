package data_access_test

import data.asking_test as asking
import data.data_access

declared := {"fields": ["text", "source"], "modes": ["read"], "classification": "public", "essential": false, "retention_days": 30}

agent(more) := asking.but(object.union(
	{
		"subject": {"type": "agent", "roles": ["service"], "tenant_id": "clinic"},
		"action": {"name": "data.read", "operation": "read"},
		"args": {"fields": ["text"], "purpose": "cite medical sources", "age_days": 3},
		"resource": {"type": "chunks", "owner_tenant_id": "clinic"},
		"manifest": {"certified": true, "data": {"chunks": declared}, "purposes": ["cite medical sources"], "shares": ["writer"]},
		"agent": {"id": "a-1", "status": "deployed", "engagement_id": "e-1"},
	},
	more,
))

samples := {
	"a person of the tenant": asking.but({"subject": {"tenant_id": "clinic"}, "resource": {"owner_tenant_id": "clinic"}, "action": {"name": "workspace.write"}}),
	"a customer reads what is the platform's": asking.but({"subject": {"tenant_id": "clinic"}, "action": {"name": "knowledge.read", "operation": "read"}}),
	"staff look at a customer's thing": asking.but({"resource": {"owner_tenant_id": "clinic"}, "action": {"name": "data.read", "operation": "read"}, "args": {"fields": ["id", "status"]}}),
	"staff look into it": asking.but({"resource": {"owner_tenant_id": "clinic"}, "action": {"name": "data.read", "operation": "read"}, "args": {"fields": ["id", "text"]}}),
	"an agent reads what it may": agent({}),
	"a workflow reads with its tools": agent({"subject": {"type": "service"}, "action": {"name": "integration.execute"}}),
	"confidential": agent({"manifest": {"data": {"chunks": {"classification": "confidential"}}}}),
	"personal, masked": agent({"manifest": {"data": {"chunks": {"classification": "restricted_pii"}}}}),
	"personal, in the clear": agent({"manifest": {"data": {"chunks": {"classification": "restricted_pii", "essential": true}}}}),
	"personal, in the clear, approved": agent({
		"manifest": {"data": {"chunks": {"classification": "restricted_pii", "essential": true}}},
		"context": {"approval_state": "granted", "approval_type": "execution"},
	}),
	"its own workspace": agent({"resource": {"type": "workspace"}, "args": {"engagement_id": "e-1"}, "manifest": {"data": {"workspace": declared}}}),
	"another workspace": agent({"resource": {"type": "workspace"}, "args": {"engagement_id": "e-2"}, "manifest": {"data": {"workspace": declared}}}),
	"it shares": agent({"action": {"name": "data.share"}, "args": {"with_agent": "writer"}, "context": {"data_grant": true}}),
	"it shares with somebody": agent({"action": {"name": "data.share"}, "args": {"with_agent": "seller"}, "context": {"data_grant": true}}),
	"it shares without a grant": agent({"action": {"name": "data.share"}, "args": {"with_agent": "writer"}, "context": {"data_grant": false}}),
	"another tenant's": agent({"resource": {"owner_tenant_id": "garage"}}),
	"all fields": agent({"args": {"fields": ["*"]}}),
	"no field": agent({"args": {"fields": []}}),
	"one field too many": agent({"args": {"fields": ["text", "author"]}}),
	"a resource that is not declared": agent({"resource": {"type": "patients"}}),
	"it writes": agent({"action": {"name": "data.write", "operation": "update"}}),
	"not certified": agent({"manifest": {"certified": false}}),
	"another purpose": agent({"args": {"purpose": "sell"}}),
	"too old": agent({"args": {"age_days": 31}}),
	"a secret": agent({"resource": {"type": "secret"}, "manifest": {"data": {"secret": declared}}}),
}

test_dat_00_no_nothing_at_all if asking.denies(data_access.decision, "DAT-00") with input as {}

test_dat_00_no_an_agent_without_a_manifest if {
	asking.denies(data_access.decision, "DAT-00") with input as asking.but({"subject": {"type": "agent"}, "action": {"name": "data.read", "operation": "read"}})
}

test_dat_00_no_what_is_none if {
	every certified in ["true", "TRUE ", 1, null] {
		asking.denies(data_access.decision, "DAT-00") with input as agent({"manifest": {"certified": certified}})
	}
	every age in ["3", true, null, -1] {
		asking.denies(data_access.decision, "DAT-00") with input as agent({"args": {"age_days": age}})
	}
	asking.denies(data_access.decision, "DAT-00") with input as json.remove(samples["its own workspace"], ["agent/engagement_id"])
	asking.denies(data_access.decision, "DAT-00") with input as json.remove(samples["it shares"], ["context/data_grant"])
}

test_dat_00_yes_all_is_there if asking.allows(data_access.decision, "DAT-04") with input as samples["an agent reads what it may"]

test_dat_01_no_another_tenant if asking.denies(data_access.decision, "DAT-01") with input as samples["another tenant's"]

test_dat_01_no_staff_into_it if asking.denies(data_access.decision, "DAT-01") with input as samples["staff look into it"]

test_dat_01_yes_staff_at_it if asking.allows(data_access.decision, "DAT-10") with input as samples["staff look at a customer's thing"]

test_dat_02_no_what_is_not_named if {
	every name in ["all fields", "no field", "one field too many", "a resource that is not declared", "it writes", "not certified"] {
		asking.denies(data_access.decision, "DAT-02") with input as samples[name]
	}
}

test_dat_02_no_a_declaration_that_is_half if {
	every half in [{"fields": "*"}, {"modes": []}, {"classification": "PUBLIC"}, {"retention_days": null}, {"essential": 0}] {
		asking.denies(data_access.decision, "DAT-02") with input as agent({"manifest": {"data": {"chunks": half}}})
	}
}

test_dat_02_yes_what_is_named if asking.allows(data_access.decision, "DAT-04") with input as samples["a workflow reads with its tools"]

test_dat_03_no_another_purpose if asking.denies(data_access.decision, "DAT-03") with input as samples["another purpose"]

test_dat_03_yes_its_purpose if asking.allows(data_access.decision, "DAT-04") with input as samples["an agent reads what it may"]

test_dat_04_yes_confidential_is_sealed if {
	d := data_access.decision with input as samples["confidential"]
	asking.allows(d, "DAT-04")
	asking.obliges(d, "encrypt_payload", {"key_ref": "tenant"})
	asking.obliges(d, "sign_payload", {"key_ref": "tenant"})
}

test_dat_04_no_public_is_not if {
	d := data_access.decision with input as samples["an agent reads what it may"]
	count(d.obligations) == 0
}

test_dat_05_yes_masked if {
	d := data_access.decision with input as samples["personal, masked"]
	asking.obliges(d, "mask_fields", {"fields": ["text"], "mask": "type"})
	asking.allows(data_access.decision, "DAT-04") with input as samples["personal, in the clear, approved"]
}

test_dat_05_no_in_the_clear if asking.asks(data_access.decision, "DAT-05", "execution") with input as samples["personal, in the clear"]

test_dat_06_no_another_engagement if asking.denies(data_access.decision, "DAT-06") with input as samples["another workspace"]

test_dat_06_yes_its_own if asking.allows(data_access.decision, "DAT-04") with input as samples["its own workspace"]

test_dat_07_no_too_old if asking.denies(data_access.decision, "DAT-07") with input as samples["too old"]

test_dat_07_yes_on_its_last_day if asking.allows(data_access.decision, "DAT-04") with input as agent({"args": {"age_days": 30}})

test_dat_08_no_without_both if {
	asking.denies(data_access.decision, "DAT-08") with input as samples["it shares with somebody"]
	asking.denies(data_access.decision, "DAT-08") with input as samples["it shares without a grant"]
}

test_dat_08_yes_with_both if asking.allows(data_access.decision, "DAT-04") with input as samples["it shares"]

test_dat_09_no_a_secret if asking.denies(data_access.decision, "DAT-09") with input as samples["a secret"]

test_dat_09_yes_what_is_none if asking.allows(data_access.decision, "DAT-04") with input as samples["an agent reads what it may"]

test_dat_10_yes_a_person if {
	asking.allows(data_access.decision, "DAT-10") with input as samples["a person of the tenant"]
	asking.allows(data_access.decision, "DAT-10") with input as samples["a customer reads what is the platform's"]
}

test_dat_10_no_of_another_tenant if {
	asking.denies(data_access.decision, "DAT-01") with input as object.union(samples["a person of the tenant"], {"resource": {"owner_tenant_id": "garage"}})
}
