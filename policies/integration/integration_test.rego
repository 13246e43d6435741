package integration_test

import data.asking_test as asking
import data.integration

tool := {"operation": "read", "schema_hash": "5c4a", "hosts": ["api.example.com"], "customer_action_only": false}

calls(operation, more) := asking.but(object.union(
	{
		"subject": {"type": "agent", "roles": ["service"], "tenant_id": "clinic"},
		"action": {"name": "integration.execute", "operation": operation, "external": true, "tool": "crm.do"},
		"args": {"schema_hash": "5c4a", "scheme": "https", "host": "api.example.com", "estimated_cost_micro_usd": 2000, "record_count": 1},
		"resource": {"owner_tenant_id": "clinic"},
		"manifest": {"certified": true, "tools": {"crm.do": object.union(tool, {"operation": operation})}},
		"context": {"approval_state": "none", "breaker": "closed", "data_grant": true},
	},
	more,
))

approved(type) := {"context": {"approval_state": "granted", "approval_type": type}}

samples := {
	"it reads": calls("read", {}),
	"it sends": calls("send", {}),
	"it sends, approved": calls("send", approved("communication")),
	"it updates": calls("update", {}),
	"it updates, approved": calls("update", approved("execution")),
	"it pays": calls("pay", {}),
	"it pays, approved": calls("pay", approved("financial")),
	"it deletes": calls("delete", {}),
	"it deletes, approved": calls("delete", approved("constitutional")),
	"it sends to many": calls("send", object.union(approved("communication"), {"args": {"record_count": 101}})),
	"it sends to a hundred": calls("send", object.union(approved("communication"), {"args": {"record_count": 100}})),
	"it reads much at once": calls("read", {"args": {"record_count": 5000}}),
	"it reads dearly": calls("read", {"args": {"estimated_cost_micro_usd": 1000001}}),
	"another tool": calls("read", {"action": {"tool": "crm.undo"}}),
	"another operation": calls("read", {"action": {"operation": "update"}}),
	"another schema": calls("read", {"args": {"schema_hash": "5c4b"}}),
	"not certified": calls("read", {"manifest": {"certified": false}}),
	"an approval that is over": calls("send", {"context": {"approval_state": "expired"}}),
	"another host": calls("read", {"args": {"host": "evil.example.com"}}),
	"plain HTTP": calls("read", {"args": {"scheme": "http"}}),
	"a host of one's own": calls("read", {"args": {"host": "vault.internal"}, "manifest": {"tools": {"crm.do": {"hosts": ["vault.internal"]}}}}),
	"an address": calls("read", {"args": {"host": "10.0.0.1"}, "manifest": {"tools": {"crm.do": {"hosts": ["10.0.0.1"]}}}}),
	"it reads while nobody answers": calls("read", {"context": {"breaker": "open"}}),
	"it sends while nobody answers": calls("send", object.union(approved("communication"), {"context": {"breaker": "open"}})),
	"for customers": calls("send", object.union(approved("communication"), {"manifest": {"tools": {"crm.do": {"customer_action_only": true}}}})),
	"no grant": calls("read", {"context": {"data_grant": false}}),
	"on trial": calls("read", {"subject": {"trial": {"active": true}}}),
}

test_int_00_no_nothing_at_all if asking.denies(integration.decision, "INT-00") with input as {}

test_int_00_no_what_is_none if {
	every count_ in ["1", true, null, -1] {
		asking.denies(integration.decision, "INT-00") with input as calls("read", {"args": {"record_count": count_}})
	}
	every state in ["GRANTED", "granted ", true, null, ""] {
		asking.denies(integration.decision, "INT-00") with input as calls("send", {"context": {"approval_state": state}})
	}
	every grant in ["true", "TRUE ", 1, null] {
		asking.denies(integration.decision, "INT-00") with input as calls("read", {"context": {"data_grant": grant}})
	}
}

test_int_00_yes_all_is_there if asking.allows(integration.decision, "INT-04") with input as samples["it reads"]

test_int_01_no_what_is_not_certified_so if {
	every name in ["another tool", "another operation", "another schema", "not certified"] {
		asking.denies(integration.decision, "INT-01") with input as samples[name]
	}
	every half in [{"hosts": "api.example.com"}, {"customer_action_only": null}, {"operation": "READ"}] {
		asking.denies(integration.decision, "INT-01") with input as calls("read", {"manifest": {"tools": {"crm.do": half}}})
	}
}

test_int_01_yes_what_is if asking.allows(integration.decision, "INT-04") with input as samples["it reads"]

test_int_02_no_an_effect if {
	asking.asks(integration.decision, "INT-02", "communication") with input as samples["it sends"]
	asking.asks(integration.decision, "INT-02", "execution") with input as samples["it updates"]
	asking.asks(integration.decision, "INT-02", "financial") with input as samples["it pays"]
	asking.asks(integration.decision, "INT-02", "constitutional") with input as samples["it deletes"]
	asking.asks(integration.decision, "INT-02", "constitutional") with input as samples["it sends to many"]
}

test_int_02_no_a_weaker_approval if {
	asking.asks(integration.decision, "INT-02", "financial") with input as calls("pay", approved("communication"))
}

test_int_02_yes_with_its_approval if {
	every name in ["it sends, approved", "it updates, approved", "it pays, approved", "it deletes, approved", "it sends to a hundred"] {
		asking.allows(integration.decision, "INT-04") with input as samples[name]
	}
	d := integration.decision with input as samples["it pays, approved"]
	asking.obliges(d, "step_up_auth", {"max_age_s": 300})
}

test_int_03_no_an_approval_that_is_none if {
	every state in ["expired", "consumed", "mismatch", "rejected"] {
		asking.denies(integration.decision, "INT-03") with input as calls("send", {"context": {"approval_state": state}})
	}
}

test_int_03_yes_one_that_is if asking.allows(integration.decision, "INT-04") with input as samples["it sends, approved"]

test_int_04_yes_twice_is_once if {
	d := integration.decision with input as samples["it sends, approved"]
	asking.obliges(d, "require_idempotency_key", {"window_h": 24})
	asking.allows(d, "INT-04")
}

test_int_04_no_a_read_may_be_repeated if {
	d := integration.decision with input as samples["it reads"]
	every one in d.obligations {
		one.type != "require_idempotency_key"
	}
}

test_int_05_no_another_address if {
	every name in ["another host", "plain HTTP", "a host of one's own", "an address"] {
		asking.denies(integration.decision, "INT-05") with input as samples[name]
	}
}

test_int_05_yes_its_own if asking.allows(integration.decision, "INT-04") with input as samples["it reads much at once"]

test_int_06_yes_so_often if {
	d := integration.decision with input as samples["it reads"]
	asking.allows(d, "INT-06")
	asking.obliges(d, "rate_limit", {"limit": 100, "per_s": 60, "key": "integration"})
}

test_int_06_no_half_as_often_on_trial if {
	d := integration.decision with input as samples["on trial"]
	asking.obliges(d, "rate_limit", {"limit": 50, "per_s": 60, "key": "integration"})
}

test_int_07_no_an_effect_while_nobody_answers if asking.denies(integration.decision, "INT-07") with input as samples["it sends while nobody answers"]

test_int_07_yes_a_read if asking.allows(integration.decision, "INT-04") with input as samples["it reads while nobody answers"]

test_int_08_no_an_agent if asking.denies(integration.decision, "INT-08") with input as samples["for customers"]

test_int_08_yes_a_customer if {
	asking.allows(integration.decision, "INT-04") with input as object.union(samples["for customers"], {"subject": {"type": "user"}})
}

test_int_09_no_dearer_than_a_call if asking.asks(integration.decision, "INT-09", "financial") with input as samples["it reads dearly"]

test_int_09_yes_approved if asking.allows(integration.decision, "INT-04") with input as object.union(samples["it reads dearly"], approved("financial"))

test_int_10_no_without_a_grant if asking.denies(integration.decision, "INT-10") with input as samples["no grant"]

test_int_10_yes_with_one if asking.allows(integration.decision, "INT-06") with input as samples["it reads"]
