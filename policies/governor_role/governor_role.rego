# METADATA
# title: Governors
# description: >-
#   What only a Governor may do or let others do: the platform's own for the platform, the account's own for a customer.
#   What else is asked here needs no Governor. Nobody decides about what they asked for themselves, about other
#   tenants, or against the constitution, not even a Governor.
# custom:
#   reasons:
#     GOV-00: What was asked cannot be compared.
#     GOV-01: It is about another customer.
#     GOV-02: Somebody would approve what they asked for themselves.
#     GOV-03: Only the Governor of the account may do it.
#     GOV-04: It would change what the constitution holds.
#     GOV-05: It needs an approval of the platform's Governor.
#     GOV-06: It has an effect outside for a customer, which needs the approval of their Governor.
#     GOV-07: It needs an approval besides, though the Governor of the account asks for it.
#     GOV-11: It is an act that nobody knows.
#   allows:
#     GOV-08: The platform's Governor does it.
#     GOV-09: The Governor of the account does it.
#     GOV-10: It needs no Governor.
#     GOV-12: The approval that it needs was given.
package governor_role

import data.shape

decision := shape.answer(allowed, deny, asked, obligations) if well_formed else := shape.refused("GOV-00", others, given) if not well_formed

# The acts that the platform's Governor decides, by the approval that others need for them.
of_the_platform := {
	"agent.deploy": "execution",
	"agent.resume": "execution",
	"agent.delete": "constitutional",
	"budget.raise": "financial",
	"discount.grant": "financial",
	"system.configure": "execution",
	"policy.activate": "execution",
	"route.edit": "execution",
}

# What else is known: the acts of the account's own Governor, signed in just now; what decides about what somebody asked
# for; and what is done in the same families and needs no Governor.
acts := {
	"billing.update": "account", "subscription.change": "account", "data.export": "account", "customer.delete": "account",
	"approval.approve": "deciding", "approval.decide": "deciding",
	"agent.create": "open", "agent.update": "open", "agent.execute": "open",
	"approval.request": "open",
	"billing.view": "open", "budget.lower": "open",
	"customer.view": "open", "customer.update": "open",
	"data.read": "open", "data.write": "open", "data.share": "open",
	"discount.request": "open",
	"subscription.create": "open", "subscription.cancel": "open",
}

# Of these families no other act is known; written down, as to make them of the acts would take longer than all else here.
families := {"agent", "approval", "billing", "budget", "customer", "data", "discount", "route", "subscription", "system"}

act := acts[input.action.name]

well_formed if {
	shape.well_formed
	not is_deciding
	input.action.name != "discount.grant"
}

well_formed if {
	shape.well_formed
	is_deciding
	shape.text(input.args.requested_by)
	shape.text(input.subject.principal_id)
}

well_formed if {
	shape.well_formed
	input.action.name == "discount.grant"
	shape.whole(input.args.percent)
}

is_deciding if act == "deciding"

is_of_the_account if act == "account"

is_known if act

is_known if of_the_platform[input.action.name]

others := {"args.requested_by", "subject.principal_id"} if is_deciding

others := {"args.percent"} if input.action.name == "discount.grant"

default others := set()

given contains "args.requested_by" if shape.text(input.args.requested_by)

given contains "subject.principal_id" if shape.text(input.subject.principal_id)

given contains "args.percent" if shape.whole(input.args.percent)

platform_governor if {
	"governor" in input.subject.roles
	input.subject.tenant_id == "platform"
}

account_governor if {
	"customer_admin" in input.subject.roles
	input.subject.tenant_id == input.resource.owner_tenant_id
}

# Discounts of up to a tenth are an admin's own.
needs_platform_governor if {
	of_the_platform[input.action.name]
	input.action.name != "discount.grant"
}

needs_platform_governor if {
	input.action.name == "discount.grant"
	input.args.percent > data.limits.discount_percent
}

deny contains reason if {
	input.subject.tenant_id != input.resource.owner_tenant_id
	input.subject.tenant_id != "platform"
	input.resource.owner_tenant_id != "platform"
	reason := shape.because("GOV-01", "critical", "this belongs to another customer, so you cannot do it; ask the Governor of their account")
}

deny contains reason if {
	is_deciding
	shape.plain(input.args.requested_by) == shape.plain(input.subject.principal_id)
	reason := shape.because("GOV-02", "high", "nobody approves what they asked for themselves; have somebody else decide it")
}

deny contains reason if {
	is_of_the_account
	not account_governor
	reason := shape.because("GOV-03", "high", sprintf("%s is for the Governor of the account alone; ask the customer's own admin to do it", [input.action.name]))
}

deny contains reason if {
	startswith(input.action.name, "constitution.")
	reason := shape.because("GOV-04", "critical", "what the constitution holds is changed by no act and no approval; leave it as it is")
}

deny contains reason if {
	shape.family in families
	not is_known
	reason := shape.because("GOV-11", "medium", sprintf("%s is no act that is known here; name one of these: %s", [input.action.name, concat(", ", sort(object.keys(acts) | object.keys(of_the_platform)))]))
}

asked contains ask if {
	needs_platform_governor
	not platform_governor
	type := of_the_platform[input.action.name]
	not shape.granted(type)
	ask := {"type": type, "reason": shape.because("GOV-05", "medium", sprintf("%s needs an approval of the platform's Governor, of the type %s; ask for one, and send this again with it", [input.action.name, type]))}
}

asked contains ask if {
	input.action.external
	input.resource.owner_tenant_id != "platform"
	not account_governor
	type := shape.approvals[input.action.operation]
	not shape.granted(type)
	ask := {"type": type, "reason": shape.because("GOV-06", "medium", sprintf("to %s outside, for a customer, needs an approval of their Governor, of the type %s; ask for one, and send this again with it", [input.action.operation, type]))}
}

asked contains ask if {
	input.action.name == "customer.delete"
	account_governor
	not shape.granted("constitutional")
	ask := {"type": "constitutional", "reason": shape.because("GOV-07", "high", "to delete an account needs an approval of the type constitutional besides; ask for one, and send this again with it")}
}

allowed contains "GOV-12" if {
	needs_platform_governor
	shape.granted(of_the_platform[input.action.name])
}

allowed contains "GOV-08" if {
	needs_platform_governor
	platform_governor
}

allowed contains "GOV-09" if {
	is_of_the_account
	account_governor
}

allowed contains "GOV-10" if {
	not needs_platform_governor
	not is_of_the_account
}

obligations contains obligation if {
	is_of_the_account
	obligation := {"type": "step_up_auth", "parameters": {"max_age_s": data.limits.step_up_s}, "source_rule": "GOV-09"}
}
