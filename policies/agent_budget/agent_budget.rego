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

decision := shape.answer(allowed, deny, asked, set()) if well_formed else := shape.refused("BUD-00", {"context.budget_level"}, given) if not well_formed

levels := {"normal", "warn", "approval", "blocked"}

well_formed if {
	shape.well_formed
	input.context.budget_level in levels
}

given contains "context.budget_level" if input.context.budget_level in levels

# Approvals, vetoes, evidence, suspension, escalation and compensation.
protects if shape.family in {"approval", "approvals", "audit", "veto"}

protects if input.action.name in {
	"execution.cancel", "execution.compensate", "execution.escalate", "execution.suspend",
	"task.cancel", "task.escalate",
}

# What begins new work; all else is work that runs.
begins if {
	shape.family in {"execution", "task"}
	not protects
}

until := sprintf("from %s on", [input.context.budget_reset_at]) if shape.instant(input.context.budget_reset_at)

default until := "when its period is over"

spent := sprintf("%d hundredths of a percent of it are spent", [input.context.budget_spent_bp]) if shape.whole(input.context.budget_spent_bp)

default spent := "all of it is spent"

deny contains reason if {
	input.context.budget_level == "blocked"
	not protects
	reason := shape.because("BUD-04", "medium", sprintf("the budget is used up: %s; wait for a new one %s, or ask whoever owns it to raise it", [spent, until]))
}

asked contains {"type": "financial", "reason": shape.because("BUD-03", "medium", "most of the budget is spent, so new work needs an approval of the type financial; ask for one, or wait for the next period")} if {
	input.context.budget_level == "approval"
	begins
	not shape.granted("financial")
}

allowed contains "BUD-01" if input.context.budget_level in {"normal", "warn"}

allowed contains "BUD-02" if {
	input.context.budget_level == "approval"
	not begins
}

allowed contains "BUD-05" if protects

allowed contains "BUD-06" if {
	input.context.budget_level == "approval"
	shape.granted("financial")
}
