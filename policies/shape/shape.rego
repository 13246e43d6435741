# METADATA
# title: Shapes
# description: >-
#   Whether what was asked has the members that rules look at, and how a bundle answers. A rule that compares a
#   member which is not there, or is of another type, would vanish without a word; so each bundle first says
#   what it needs, and denies where that is not there.
package shape

# A word that is a code: a role, a kind, a name.
text(x) if {
	is_string(x)
	x != ""
}

texts(x) if {
	is_array(x)
	every one in x {
		is_string(one)
		one != ""
	}
}

flag(x) if is_boolean(x)

# A count or an amount in the smallest unit: whole, and never below nothing.
whole(x) if {
	is_number(x)
	x >= 0
	floor(x) == x
}

# An instant as it is written everywhere, in UTC; two of them compare as texts.
instant(x) if {
	is_string(x)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z$`, x)
}

operations := {
	"read", "create", "update", "execute", "publish",
	"send", "pay", "trade", "delete", "bulk",
}

kinds := {"agent", "foundational_governance_agent", "governor", "user", "service", "system"}

# What every bundle needs to know: who does what, and to whose.
well_formed if {
	input.subject.type in kinds
	text(input.subject.tenant_id)
	texts(input.subject.roles)
	text(input.action.name)
	input.action.operation in operations
	is_boolean(input.action.external)
	text(input.resource.owner_tenant_id)
	args_known
	trial_known
}

# What selects the bundles: the first part of the name.
family := split(input.action.name, ".")[0] if is_string(input.action.name)

# The facts of the arguments; null where they were too many to be kept, and then none of them is there.
args_known if is_object(input.args)

args_known if is_null(input.args)

# Somebody is in no trial, or in one of which everything is said.
trial_known if is_null(input.subject.trial)

trial_known if is_object(input.subject.trial)

# What of it is there; the negation of a call would vanish where what it is called with is not there.
given contains "subject.type" if input.subject.type in kinds

given contains "subject.roles" if texts(input.subject.roles)

given contains "subject.tenant_id" if text(input.subject.tenant_id)

given contains "action.name" if text(input.action.name)

given contains "action.operation" if input.action.operation in operations

given contains "action.external" if flag(input.action.external)

given contains "args" if args_known

given contains "subject.trial" if trial_known

given contains "resource.owner_tenant_id" if text(input.resource.owner_tenant_id)

needed := {
	"subject.type", "subject.roles", "subject.tenant_id", "subject.trial",
	"action.name", "action.operation", "action.external", "args",
	"resource.owner_tenant_id",
}

# Why nothing is decided where members are missing: *others* are what a bundle needs besides, *there* what of that is there.
malformed(rule, others, there) := {
	"rule": rule,
	"message": sprintf("nothing is decided while something is missing, or none that rules can compare; %s", [
		concat("; ", steps((needed | others) - (given | there))),
	]),
	"severity": "high",
}

# What is to be done about what is missing, by where it comes from.
steps(missing) := [sprintf(step, [concat(", ", sort(here))]) |
	some [from, step] in [
		["asker", "say %s with what you ask"],
		["agent", "name an agent that there is (GET /v1/agents), as nothing is known of this one: %s"],
		["later", "have a person do it, as no release looks this up yet: %s"],
		["platform", "ask an admin to look at GET /v1/health, as this could not be looked up: %s"],
	]
	here := {one | some one in missing; source(one) == from}
	here != set()
]

# What no area of the platform looks up yet.
not_yet := {
	"args.with_agent, context.data_grant and manifest.shares", "context.data_grant", "context.industry_gate",
	"context.injection", "context.output", "engagement_id of args and agent",
}

source(member) := "later" if {
	member in not_yet
} else := "later" if {
	startswith(member, "manifest.")
} else := "later" if {
	startswith(member, "subject.trial.")
} else := "agent" if {
	startswith(member, "agent.")
} else := "asker" if {
	startswith(member, "args")
} else := "asker" if {
	member in {"action.tool", "resource.type", "phase"}
} else := "platform"

# The approval that an act outside needs, by its kind.
approvals := {
	"create": "execution", "update": "execution", "execute": "execution",
	"publish": "communication", "send": "communication",
	"pay": "financial", "trade": "financial",
	"delete": "constitutional", "bulk": "constitutional",
}

# An approval that was given for exactly this, and is of that type or of a stronger one.
granted(type) if {
	input.context.approval_state == "granted"
	strength[input.context.approval_type] >= strength[type]
}

# A deny matches every way of writing what it means.
plain(x) := lower(trim_space(x)) if is_string(x)

because(rule, severity, message) := {"rule": rule, "severity": severity, "message": message}

strength := {"artifact": 1, "communication": 2, "execution": 3, "financial": 4, "constitutional": 5}

# One answer: a denial beats everything, what needs an approval says why, and what no rule allows is none.
#   allowed      the rules that allow it
#   denied       the reasons why not
#   asked        the approvals that it needs first: {"type", "reason"}
#   obligations  what is to be done with it
answer(allowed, denied, asked, obligations) := {"allow": allowed != set(), "obligations": obligations, "matched": allowed} if {
	denied == set()
	asked == set()
} else := {"allow": false, "reasons": denied} if {
	denied != set()
} else := {
	"allow": true,
	"reasons": {one.reason | some one in asked},
	"approval": {"type": strongest, "within_s": data.limits.approval.within_s},
	"obligations": obligations,
	"matched": allowed,
} if {
	some strongest, rank in strength
	rank == max([strength[one.type] | some one in asked])
}

# The answer where members are missing: no rule of the bundle is looked at.
refused(rule, others, there) := {"allow": false, "reasons": {malformed(rule, others, there)}}
