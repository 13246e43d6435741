# METADATA
# title: Calls of others
# description: >-
#   What an agent does at somebody else's: the tool is in its certified manifest (`manifest.tools`) with exactly this schema and
#   these hosts, a person agreed to what has an effect, and what may not be done twice says by what it is known.
# custom:
#   reasons:
#     INT-00: What was asked cannot be compared.
#     INT-01: The certified manifest does not name this tool so.
#     INT-02: It has an effect, which a person must agree to.
#     INT-03: The approval that came with it is none for this.
#     INT-05: It would go to another address than was certified.
#     INT-07: Who is called does not answer just now.
#     INT-08: It is for customers themselves.
#     INT-09: It costs more than a call may.
#     INT-10: No grant lets it read.
#   allows:
#     INT-04: The tool is certified for it.
#     INT-06: What it is called how often.
package integration

import data.shape

decision := shape.answer(allowed, deny, asked, obligations) if well_formed else := shape.refused("INT-00", others, given) if not well_formed

states := {"none", "pending", "granted", "expired", "consumed", "mismatch", "rejected"}

breakers := {"closed", "half_open", "open"}

tool := input.manifest.tools[input.action.tool]

well_formed if {
	shape.well_formed
	shape.text(input.action.tool)
	is_boolean(input.manifest.certified)
	is_object(input.manifest.tools)
	shape.text(input.args.schema_hash)
	shape.text(input.args.scheme)
	shape.text(input.args.host)
	shape.whole(input.args.estimated_cost_micro_usd)
	shape.whole(input.args.record_count)
	input.context.approval_state in states
	input.context.breaker in breakers
	is_boolean(input.context.data_grant)
}

others := {
	"action.tool", "manifest.certified", "manifest.tools", "args.schema_hash", "args.scheme", "args.host",
	"args.estimated_cost_micro_usd", "args.record_count", "context.approval_state", "context.breaker", "context.data_grant",
}

given contains "action.tool" if shape.text(input.action.tool)

given contains "manifest.certified" if shape.flag(input.manifest.certified)

given contains "manifest.tools" if is_object(input.manifest.tools)

given contains "args.schema_hash" if shape.text(input.args.schema_hash)

given contains "args.scheme" if shape.text(input.args.scheme)

given contains "args.host" if shape.text(input.args.host)

given contains "args.estimated_cost_micro_usd" if shape.whole(input.args.estimated_cost_micro_usd)

given contains "args.record_count" if shape.whole(input.args.record_count)

given contains "context.approval_state" if input.context.approval_state in states

given contains "context.breaker" if input.context.breaker in breakers

given contains "context.data_grant" if shape.flag(input.context.data_grant)

# All that was certified of a tool, and this call is of it.
is_certified if {
	input.manifest.certified
	tool.operation == input.action.operation
	tool.schema_hash == input.args.schema_hash
	shape.texts(tool.hosts)
	is_boolean(tool.customer_action_only)
}

# A name in the public internet: no address, and no name of a network of one's own.
is_public if {
	regex.match(`^([a-z0-9-]+\.)+[a-z]{2,}$`, input.args.host)
	not is_private
}

is_private if regex.match(`\.(arpa|corp|home|internal|lan|local|localdomain|localhost)$`, input.args.host)

is_at_home if {
	input.args.scheme == "https"
	input.args.host in tool.hosts
	is_public
}

is_for_customers if {
	tool.customer_action_only
	input.subject.type in {"agent", "service"}
}

spoiled := {
	"expired": "the approval that came with it is over; ask for a new one",
	"consumed": "the approval that came with it was used already; ask for a new one",
	"mismatch": "the approval that came with it is for something else; ask for one for exactly this",
	"rejected": "the approval that came with it was refused; ask again with new evidence",
}

# The approvals that it needs: the type, the rule that asks for it, and why.
needed contains [shape.approvals[input.action.operation], "INT-02", sprintf("to %s at somebody else's", [input.action.operation])] if input.action.operation != "read"

needed contains ["constitutional", "INT-02", sprintf("for %d records at once, more than %d,", [input.args.record_count, data.limits.bulk_records])] if {
	input.action.operation != "read"
	input.args.record_count > data.limits.bulk_records
}

needed contains ["financial", "INT-09", sprintf("for about %d micro-USD, more than the %d of a call,", [input.args.estimated_cost_micro_usd, data.limits.single_call_micro_usd])] if {
	input.args.estimated_cost_micro_usd > data.limits.single_call_micro_usd
}

deny contains reason if {
	not is_certified
	reason := shape.because("INT-01", "high", sprintf("SCOPE-DRIFT: the certified manifest does not name %s so, to %s and with this schema; have the manifest certified with it", [input.action.tool, input.action.operation]))
}

deny contains shape.because("INT-03", "high", spoiled[input.context.approval_state])

deny contains reason if {
	is_certified
	not is_at_home
	reason := shape.because("INT-05", "critical", sprintf("%s://%s is none of the public addresses that were certified for %s, by https; have the manifest certified with it", [input.args.scheme, input.args.host, input.action.tool]))
}

deny contains reason if {
	input.context.breaker == "open"
	input.action.operation != "read"
	reason := shape.because("INT-07", "medium", "who is called does not answer just now, so nothing is changed there; send the same again when it does")
}

deny contains reason if {
	is_certified
	is_for_customers
	reason := shape.because("INT-08", "high", sprintf("%s is for the customer to do, and for no agent; ask them to do it", [input.action.tool]))
}

deny contains reason if {
	input.action.operation == "read"
	not input.context.data_grant
	reason := shape.because("INT-10", "high", "no grant of the customer lets the agent read this; ask them for a grant")
}

asked contains {"type": type, "reason": reason} if {
	is_certified
	some [type, rule, why] in needed
	not shape.granted(type)
	reason := shape.because(rule, "medium", sprintf("%s it needs an approval of the type %s; ask for one, and send this again with it", [why, type]))
}

allowed contains "INT-04" if is_certified

allowed contains "INT-06" if {
	is_certified
	input.action.operation == "read"
}

obligations contains {"type": "require_idempotency_key", "parameters": {"window_h": 24}, "source_rule": "INT-04"} if {
	input.action.operation != "read"
}

obligations contains {"type": "step_up_auth", "parameters": {"max_age_s": data.limits.step_up_s}, "source_rule": "INT-02"} if {
	input.action.operation in {"pay", "trade"}
}

obligations contains {"type": "rate_limit", "parameters": {"limit": rate, "per_s": 60, "key": "integration"}, "source_rule": "INT-06"}

rate := data.limits.rate_per_minute if is_null(input.subject.trial)

# Half as often on a sandbox.
rate := floor(data.limits.rate_per_minute / 2) if is_object(input.subject.trial)
