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

decision := shape.answer(allowed, deny, asked, obligations)

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

# The acts of the account's own Governor, signed in just now.
of_the_account := {"billing.update", "subscription.change", "data.export", "customer.delete"}

# What else is done in the families of these, and needs no Governor.
open := {
	"agent.create", "agent.update", "agent.execute",
	"approval.request",
	"billing.view", "budget.lower",
	"customer.view", "customer.update",
	"data.read", "data.write", "data.share",
	"discount.request",
	"subscription.create", "subscription.cancel",
}

# Of these families no other act is known; written down, as to make them of the acts would take longer than all else here.
families := {"agent", "approval", "billing", "budget", "customer", "data", "discount", "route", "subscription", "system"}

deciding := {"approval.approve", "approval.decide"}

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

well_formed if {
	shape.well_formed
	not is_deciding
	input.action.name != "discount.grant"
}

is_deciding if input.action.name in deciding

is_of_the_account if input.action.name in of_the_account

is_known if input.action.name in open

is_known if is_of_the_account

is_known if is_deciding

is_known if of_the_platform[input.action.name]

is_within if input.subject.tenant_id in {"platform", input.resource.owner_tenant_id}

is_within if input.resource.owner_tenant_id == "platform"

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

external_effect if {
	input.action.external
	input.resource.owner_tenant_id != "platform"
	shape.approvals[input.action.operation]
}

deny contains shape.malformed("GOV-00", others, given) if not well_formed

deny contains reason if {
	well_formed
	not is_within
	reason := shape.because("GOV-01", "critical", "this belongs to another customer, so you cannot do it; the Governor of their account can")
}

deny contains reason if {
	well_formed
	is_deciding
	shape.plain(input.args.requested_by) == shape.plain(input.subject.principal_id)
	reason := shape.because("GOV-02", "high", "nobody approves what they asked for themselves; have somebody else decide it")
}

deny contains reason if {
	well_formed
	is_of_the_account
	not account_governor
	reason := shape.because("GOV-03", "high", sprintf("%s is for the Governor of the account alone; ask the customer's own admin to do it", [input.action.name]))
}

deny contains reason if {
	well_formed
	startswith(input.action.name, "constitution.")
	reason := shape.because("GOV-04", "critical", "what the constitution holds is changed by no act and no approval here")
}

deny contains reason if {
	well_formed
	shape.family in families
	not is_known
	reason := shape.because("GOV-11", "medium", sprintf("%s is no act that is known here; these are: %s", [input.action.name, concat(", ", sort(open | of_the_account | deciding | object.keys(of_the_platform)))]))
}

asked contains ask if {
	well_formed
	needs_platform_governor
	not platform_governor
	type := of_the_platform[input.action.name]
	not shape.granted(type)
	ask := {"type": type, "reason": shape.because("GOV-05", "medium", sprintf("%s needs an approval of the platform's Governor, of the type %s; ask for one, and send this again with it", [input.action.name, type]))}
}

asked contains ask if {
	well_formed
	external_effect
	not account_governor
	type := shape.approvals[input.action.operation]
	not shape.granted(type)
	ask := {"type": type, "reason": shape.because("GOV-06", "medium", sprintf("to %s outside, for a customer, needs an approval of their Governor, of the type %s; ask for one, and send this again with it", [input.action.operation, type]))}
}

asked contains ask if {
	well_formed
	input.action.name == "customer.delete"
	account_governor
	not shape.granted("constitutional")
	ask := {"type": "constitutional", "reason": shape.because("GOV-07", "high", "to delete an account needs an approval of the type constitutional besides; ask for one, and send this again with it")}
}

allowed contains "GOV-12" if {
	well_formed
	needs_platform_governor
	shape.granted(of_the_platform[input.action.name])
}

allowed contains "GOV-08" if {
	well_formed
	needs_platform_governor
	platform_governor
}

allowed contains "GOV-09" if {
	well_formed
	is_of_the_account
	account_governor
}

allowed contains "GOV-10" if {
	well_formed
	not needs_platform_governor
	not is_of_the_account
}

obligations contains obligation if {
	well_formed
	is_of_the_account
	obligation := {"type": "step_up_auth", "parameters": {"max_age_s": data.limits.step_up_s}, "source_rule": "GOV-09"}
}
