# METADATA
# title: Safety of models
# description: >-
#   What is asked of a model, and what of its answer goes on. The template is in the certified manifest
#   (`manifest.templates`) with the models and the cost that it may have; what was found in the words is looked up
#   (`context.injection`), and what in the answer (`context.output`).
# custom:
#   reasons:
#     AIS-00: What was asked cannot be compared.
#     AIS-01: The template is not certified for this agent.
#     AIS-02: The words try to command the model.
#     AIS-03: The template does not name this model.
#     AIS-04: It costs more than it may.
#     AIS-05: Data of customers is asked without a grant.
#     AIS-06: The answer holds what must not go on.
#     AIS-08: A trade would rest on what a model said.
#     AIS-09: Advice in a regulated domain passed no gate.
#   allows:
#     AIS-07: The template is certified for it.
#     AIS-10: The answer may go on.
package ai_safety

import data.shape

decision := shape.answer(allowed, deny, asked, obligations) if well_formed else := shape.refused("AIS-00", others, given) if not well_formed

verdicts := {"allow", "flag", "block", "block_alert"}

template := input.manifest.templates[input.args.template_id]

is_answer if input.phase == "response"

well_formed if {
	shape.well_formed
	input.phase == "request"
	shape.text(input.args.template_id)
	shape.text(input.args.model)
	shape.whole(input.args.estimated_cost_micro_usd)
	shape.texts(input.args.labels)
	is_boolean(input.manifest.certified)
	is_object(input.manifest.templates)
	input.context.injection in verdicts
	is_boolean(input.context.data_grant)
	is_boolean(input.context.industry_gate)
}

well_formed if {
	shape.well_formed
	is_answer
	shape.texts(input.context.output)
}

others := {"context.output"} if is_answer

others := {
	"phase", "args.template_id", "args.model", "args.estimated_cost_micro_usd", "args.labels", "manifest.certified",
	"manifest.templates", "context.injection", "context.data_grant", "context.industry_gate",
} if not is_answer

given contains "phase" if input.phase == "request"

given contains "args.template_id" if shape.text(input.args.template_id)

given contains "args.model" if shape.text(input.args.model)

given contains "args.estimated_cost_micro_usd" if shape.whole(input.args.estimated_cost_micro_usd)

given contains "args.labels" if shape.texts(input.args.labels)

given contains "manifest.certified" if shape.flag(input.manifest.certified)

given contains "manifest.templates" if is_object(input.manifest.templates)

given contains "context.injection" if input.context.injection in verdicts

given contains "context.data_grant" if shape.flag(input.context.data_grant)

given contains "context.industry_gate" if shape.flag(input.context.industry_gate)

given contains "context.output" if shape.texts(input.context.output)

is_asked if not is_answer

is_certified if {
	input.manifest.certified
	template.certified == true
	shape.texts(template.models)
	shape.whole(template.cost_limit_micro_usd)
	is_boolean(template.contains_customer_data)
	is_boolean(template.regulated)
}

is_named if input.args.model in template.models

deny contains reason if {
	is_asked
	not is_certified
	reason := shape.because("AIS-01", "high", sprintf("the template %s is not certified for this agent; take one of its manifest, or have it certified", [input.args.template_id]))
}

deny contains reason if {
	is_asked
	input.context.injection in {"block", "block_alert"}
	reason := shape.because("AIS-02", "critical", "the words try to command the model, so they are not sent to it; send them without that")
}

deny contains reason if {
	is_asked
	is_certified
	not is_named
	reason := shape.because("AIS-03", "high", sprintf("the template does not name the model %s; take one that it names: %s", [input.args.model, concat(", ", template.models)]))
}

deny contains reason if {
	is_asked
	is_certified
	input.args.estimated_cost_micro_usd > template.cost_limit_micro_usd
	reason := shape.because("AIS-04", "medium", sprintf("it would cost about %d micro-USD, and a call of this template may cost %d; ask for less at once", [input.args.estimated_cost_micro_usd, template.cost_limit_micro_usd]))
}

deny contains reason if {
	is_answer
	some found in input.context.output
	not found in {"foreign_personal_data"}
	reason := shape.because("AIS-06", "critical", sprintf("the answer holds what must not go on (%s), so it is withheld; ask again", [found]))
}

deny contains reason if {
	is_asked
	input.action.operation == "trade"
	some label in input.args.labels
	lower(trim_space(label)) == "llm"
	reason := shape.because("AIS-08", "critical", "no trade rests on what a model said; take its figures from where they are known")
}

deny contains reason if {
	is_asked
	is_certified
	template.regulated
	not input.context.industry_gate
	reason := shape.because("AIS-09", "critical", "ETH-REGULATED: advice in a regulated domain passes the gate of its industry first; have the agent certified for it")
}

asked contains {"type": "financial", "reason": shape.because("AIS-04", "medium", "it costs more than one call may, so it needs an approval of the type financial; ask for one, or for less at once")} if {
	is_asked
	is_certified
	input.args.estimated_cost_micro_usd > data.limits.single_call_micro_usd
	not shape.granted("financial")
}

asked contains {"type": "execution", "reason": shape.because("AIS-05", "high", "it sends data of customers to a model, and no grant is there, so it needs an approval of the type execution; ask for one")} if {
	is_asked
	is_certified
	template.contains_customer_data
	not input.context.data_grant
	not shape.granted("execution")
}

allowed contains "AIS-07" if {
	is_asked
	is_certified
}

allowed contains "AIS-10" if is_answer

obligations contains {"type": "mask_fields", "parameters": {"fields": ["financial", "pii", "secrets"], "mask": "type"}, "source_rule": "AIS-05"} if {
	is_asked
	is_certified
	template.contains_customer_data
}

obligations contains {"type": "rate_limit", "parameters": {"limit": data.limits.rate_per_minute, "per_s": 60, "key": "agent"}, "source_rule": "AIS-07"} if {
	is_asked
	is_certified
}

obligations contains {"type": "cap_cost", "parameters": {"micro_usd": template.cost_limit_micro_usd}, "source_rule": "AIS-04"} if {
	is_asked
	is_certified
}

obligations contains {"type": "redact", "parameters": {"pattern": "personal_data", "mask": "type"}, "source_rule": "AIS-06"} if {
	is_answer
	"foreign_personal_data" in input.context.output
}
