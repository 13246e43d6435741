# METADATA
# title: Budgets of agents
# description: >-
#   What the worst of all budgets that count makes of new work and of work that runs: the level is looked up
#   (`context.budget_level`), and what protects people is never stopped by money.
# custom:
#   reasons:
#     BUD-00: What was asked cannot be compared.
#     BUD-03: New work needs a financial approval.
#     BUD-04: The budget is used up.
#   allows:
#     BUD-01: There is budget left.
#     BUD-02: What runs may finish.
#     BUD-05: It protects people, whatever it costs.
#     BUD-06: A financial approval was given.
package agent_budget

import data.shape

decision := shape.answer(allowed, deny, asked, set())

levels := {"normal", "warn", "approval", "blocked"}

# Approvals, vetoes, evidence, suspension, escalation and compensation.
protecting := {
	"approval", "approvals", "audit", "veto",
	"execution.cancel", "execution.compensate", "execution.escalate", "execution.suspend",
	"task.cancel", "task.escalate",
}

# What begins new work; all else is work that runs.
beginning := {"execution", "task"}

well_formed if {
	shape.well_formed
	input.context.budget_level in levels
}

given contains "context.budget_level" if input.context.budget_level in levels

protects if input.action.name in protecting

protects if shape.family in protecting

begins if {
	shape.family in beginning
	not protects
}

until := sprintf("from %s on", [input.context.budget_reset_at]) if shape.instant(input.context.budget_reset_at)

default until := "when its period is over"

spent := sprintf("%d hundredths of a percent of it are spent", [input.context.budget_spent_bp]) if shape.whole(input.context.budget_spent_bp)

default spent := "all of it is spent"

deny contains shape.malformed("BUD-00", {"context.budget_level"}, given) if not well_formed

deny contains reason if {
	well_formed
	input.context.budget_level == "blocked"
	not protects
	reason := shape.because("BUD-04", "medium", sprintf("the budget is used up: %s; there is a new one %s, or it is raised by whoever owns it", [spent, until]))
}

asked contains {"type": "financial", "reason": shape.because("BUD-03", "medium", "most of the budget is spent, so new work needs an approval of the type financial; ask for one, or wait for the next period")} if {
	well_formed
	input.context.budget_level == "approval"
	begins
	not shape.granted("financial")
}

allowed contains "BUD-01" if {
	well_formed
	input.context.budget_level in {"normal", "warn"}
}

allowed contains "BUD-02" if {
	well_formed
	input.context.budget_level == "approval"
	not begins
}

allowed contains "BUD-05" if {
	well_formed
	protects
}

allowed contains "BUD-06" if {
	well_formed
	input.context.budget_level == "approval"
	shape.granted("financial")
}
