# What the tests of all bundles ask, and how they read an answer.
package asking_test

# Somebody of the platform, who does something within it.
within := {
	"pep": "api_gateway",
	"phase": "request",
	"subject": {
		"type": "user",
		"principal_id": "ada.platform",
		"roles": ["admin"],
		"scopes": ["agents:write"],
		"tenant_id": "platform",
		"trial": null,
	},
	"action": {
		"name": "agents.create_agent",
		"operation": "create",
		"external": false,
		"scopes": ["agents:write"],
	},
	"args": {},
	"args_hash": null,
	"resource": {"type": null, "id": null, "owner_tenant_id": "platform"},
	"manifest": null,
	"agent": null,
	"context": {
		"now": "2026-11-30T12:00:00.000Z",
		"hour": 12,
		"weekday": 1,
		"environment": "dev",
		"correlation_id": "6f1c2b34-5d6e-4f70-8a91-b2c3d4e5f607",
		"freeze": false,
		"budget_level": "normal",
	},
}

# The same with other members.
but(changes) := object.union(within, changes)

allows(decision, rule) if {
	decision.allow
	rule in decision.matched
	count(object.get(decision, "reasons", [])) == 0
	not decision.approval
}

denies(decision, rule) if {
	decision.allow == false
	some reason in decision.reasons
	reason.rule == rule
	not decision.approval
}

asks(decision, rule, type) if {
	decision.allow
	decision.approval.type == type
	some reason in decision.reasons
	reason.rule == rule
}

says(decision, words) if {
	some reason in decision.reasons
	contains(reason.message, words)
}

obliges(decision, type, parameters) if {
	decision.allow
	some one in decision.obligations
	one.type == type
	one.parameters == parameters
}
