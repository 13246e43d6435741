package ai_safety_test

import data.ai_safety
import data.asking_test as asking

template := {"certified": true, "models": ["text-large-1"], "cost_limit_micro_usd": 50000, "contains_customer_data": false, "regulated": false}

prompts(more) := asking.but(object.union(
	{
		"subject": {"type": "agent", "roles": ["service"], "tenant_id": "clinic"},
		"action": {"name": "prompt.execute", "operation": "execute"},
		"args": {"template_id": "article", "model": "text-large-1", "estimated_cost_micro_usd": 40000, "labels": []},
		"resource": {"owner_tenant_id": "clinic"},
		"manifest": {"certified": true, "templates": {"article": template}},
		"context": {"injection": "allow", "data_grant": false, "industry_gate": false},
	},
	more,
))

answers(output) := prompts({"phase": "response", "context": {"output": output}})

samples := {
	"it asks": prompts({}),
	"flagged words": prompts({"context": {"injection": "flag"}}),
	"blocked words": prompts({"context": {"injection": "block"}}),
	"another template": prompts({"args": {"template_id": "letter"}}),
	"a revoked template": prompts({"manifest": {"templates": {"article": {"certified": false}}}}),
	"another model": prompts({"args": {"model": "text-huge-2"}}),
	"dearer than the template": prompts({"args": {"estimated_cost_micro_usd": 50001}}),
	"dearer than a call": prompts({"args": {"estimated_cost_micro_usd": 1000001}, "manifest": {"templates": {"article": {"cost_limit_micro_usd": 9000000}}}}),
	"customers' data": prompts({"manifest": {"templates": {"article": {"contains_customer_data": true}}}}),
	"customers' data, granted": prompts({"manifest": {"templates": {"article": {"contains_customer_data": true}}}, "context": {"data_grant": true}}),
	"advice without a gate": prompts({"manifest": {"templates": {"article": {"regulated": true}}}}),
	"advice": prompts({"manifest": {"templates": {"article": {"regulated": true}}}, "context": {"industry_gate": true}}),
	"a trade from figures": prompts({"action": {"operation": "trade"}, "args": {"labels": ["market"]}}),
	"a trade from a model": prompts({"action": {"operation": "trade"}, "args": {"labels": ["market", "llm"]}}),
	"a clean answer": answers([]),
	"an answer with somebody in it": answers(["foreign_personal_data"]),
	"an answer with a password": answers(["foreign_personal_data", "credentials"]),
}

test_ais_00_no_nothing_at_all if asking.denies(ai_safety.decision, "AIS-00") with input as {}

test_ais_00_no_what_is_none if {
	every verdict in ["ALLOW", "allow ", "", true, 1, null] {
		asking.denies(ai_safety.decision, "AIS-00") with input as prompts({"context": {"injection": verdict}})
	}
	every cost in ["40000", true, null, -1] {
		asking.denies(ai_safety.decision, "AIS-00") with input as prompts({"args": {"estimated_cost_micro_usd": cost}})
	}
	asking.denies(ai_safety.decision, "AIS-00") with input as prompts({"phase": "Request"})
	asking.denies(ai_safety.decision, "AIS-00") with input as prompts({"phase": "response"})
}

test_ais_00_yes_all_is_there if asking.allows(ai_safety.decision, "AIS-07") with input as samples["it asks"]

test_ais_01_no_what_is_not_certified if {
	asking.denies(ai_safety.decision, "AIS-01") with input as samples["another template"]
	asking.denies(ai_safety.decision, "AIS-01") with input as samples["a revoked template"]
	every half in [{"certified": "true"}, {"models": "text-large-1"}, {"cost_limit_micro_usd": null}, {"regulated": 0}] {
		asking.denies(ai_safety.decision, "AIS-01") with input as prompts({"manifest": {"templates": {"article": half}}})
	}
}

test_ais_01_yes_what_is if asking.allows(ai_safety.decision, "AIS-07") with input as samples["it asks"]

test_ais_02_no_a_command if {
	asking.denies(ai_safety.decision, "AIS-02") with input as samples["blocked words"]
	asking.denies(ai_safety.decision, "AIS-02") with input as prompts({"context": {"injection": "block_alert"}})
}

test_ais_02_yes_only_flagged if asking.allows(ai_safety.decision, "AIS-07") with input as samples["flagged words"]

test_ais_03_no_another_model if asking.denies(ai_safety.decision, "AIS-03") with input as samples["another model"]

test_ais_03_yes_its_model if asking.allows(ai_safety.decision, "AIS-07") with input as samples["it asks"]

test_ais_04_no_too_dear if {
	asking.denies(ai_safety.decision, "AIS-04") with input as samples["dearer than the template"]
	asking.asks(ai_safety.decision, "AIS-04", "financial") with input as samples["dearer than a call"]
}

test_ais_04_yes_to_the_limit if {
	d := ai_safety.decision with input as prompts({"args": {"estimated_cost_micro_usd": 50000}})
	asking.allows(d, "AIS-07")
	asking.obliges(d, "cap_cost", {"micro_usd": 50000})
}

test_ais_05_no_without_a_grant if asking.asks(ai_safety.decision, "AIS-05", "execution") with input as samples["customers' data"]

test_ais_05_yes_masked if {
	d := ai_safety.decision with input as samples["customers' data, granted"]
	asking.allows(d, "AIS-07")
	asking.obliges(d, "mask_fields", {"fields": ["financial", "pii", "secrets"], "mask": "type"})
}

test_ais_06_no_a_password if asking.denies(ai_safety.decision, "AIS-06") with input as samples["an answer with a password"]

test_ais_06_yes_redacted if {
	d := ai_safety.decision with input as samples["an answer with somebody in it"]
	asking.allows(d, "AIS-10")
	asking.obliges(d, "redact", {"pattern": "personal_data", "mask": "type"})
}

test_ais_07_yes_so_often if {
	d := ai_safety.decision with input as samples["it asks"]
	asking.obliges(d, "rate_limit", {"limit": 100, "per_s": 60, "key": "agent"})
	asking.allows(d, "AIS-07")
}

test_ais_07_no_another_template if asking.denies(ai_safety.decision, "AIS-01") with input as samples["another template"]

test_ais_08_no_from_a_model if asking.denies(ai_safety.decision, "AIS-08") with input as samples["a trade from a model"]

test_ais_08_yes_from_figures if asking.allows(ai_safety.decision, "AIS-07") with input as samples["a trade from figures"]

test_ais_09_no_gate if asking.denies(ai_safety.decision, "AIS-09") with input as samples["advice without a gate"]

test_ais_09_yes_through_the_gate if asking.allows(ai_safety.decision, "AIS-07") with input as samples["advice"]

test_ais_10_yes_a_clean_answer if asking.allows(ai_safety.decision, "AIS-10") with input as samples["a clean answer"]

test_ais_10_no_what_was_found_is_not_said if {
	asking.denies(ai_safety.decision, "AIS-00") with input as json.remove(samples["a clean answer"], ["context/output"])
}
