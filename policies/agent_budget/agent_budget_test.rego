package agent_budget_test

import data.agent_budget
import data.asking_test as asking

work(name, level, more) := asking.but(object.union(
	{"action": {"name": name, "operation": "execute"}, "context": {"budget_level": level}},
	more,
))

samples := {
	"new work": work("task.create", "normal", {}),
	"new work, with a warning": work("execution.create", "warn", {}),
	"new work, nearly at the end": work("task.create", "approval", {}),
	"new work, approved": work("task.create", "approval", {"context": {"approval_state": "granted", "approval_type": "financial"}}),
	"a step, nearly at the end": work("step.run", "approval", {}),
	"a step, at the end": work("step.run", "blocked", {"context": {"budget_spent_bp": 10042, "budget_reset_at": "2026-12-01T00:00:00.000Z"}}),
	"a model, at the end": work("prompt.execute", "blocked", {}),
	"a task is cancelled, at the end": work("task.cancel", "blocked", {}),
	"an approval, at the end": work("approval.decide", "blocked", {}),
}

test_bud_00_no_nothing_at_all if asking.denies(agent_budget.decision, "BUD-00") with input as {}

test_bud_00_no_a_level_that_is_none if {
	every level in ["NORMAL", "normal ", "", 1, true, null] {
		asking.denies(agent_budget.decision, "BUD-00") with input as work("task.create", level, {})
	}
	asking.denies(agent_budget.decision, "BUD-00") with input as json.remove(asking.within, ["context/budget_level"])
}

test_bud_00_yes_a_level if asking.allows(agent_budget.decision, "BUD-01") with input as samples["new work"]

test_bud_01_yes_with_a_warning if asking.allows(agent_budget.decision, "BUD-01") with input as samples["new work, with a warning"]

test_bud_01_no_at_the_end if asking.denies(agent_budget.decision, "BUD-04") with input as samples["a model, at the end"]

test_bud_02_yes_what_runs if asking.allows(agent_budget.decision, "BUD-02") with input as samples["a step, nearly at the end"]

test_bud_02_no_what_begins if asking.asks(agent_budget.decision, "BUD-03", "financial") with input as samples["new work, nearly at the end"]

test_bud_03_no_another_approval if {
	every approval in [{"approval_type": "execution"}, {"approval_state": "pending"}, {"approval_state": "GRANTED"}] {
		asking.asks(agent_budget.decision, "BUD-03", "financial") with input as object.union(samples["new work, approved"], {"context": approval})
	}
}

test_bud_03_yes_approved if asking.allows(agent_budget.decision, "BUD-06") with input as samples["new work, approved"]

test_bud_04_no_a_step if {
	d := agent_budget.decision with input as samples["a step, at the end"]
	asking.denies(d, "BUD-04")
	asking.says(d, "10042 hundredths")
	asking.says(d, "from 2026-12-01T00:00:00.000Z on")
}

test_bud_04_no_a_model_and_nobody_knows_how_much if {
	d := agent_budget.decision with input as samples["a model, at the end"]
	asking.says(d, "all of it is spent; wait for a new one when its period is over")
}

test_bud_04_yes_before if asking.allows(agent_budget.decision, "BUD-02") with input as samples["a step, nearly at the end"]

test_bud_05_yes_whatever_it_costs if {
	asking.allows(agent_budget.decision, "BUD-05") with input as samples["a task is cancelled, at the end"]
	asking.allows(agent_budget.decision, "BUD-05") with input as samples["an approval, at the end"]
}

test_bud_05_no_what_protects_nobody if asking.denies(agent_budget.decision, "BUD-04") with input as work("task.cancelled", "blocked", {})

test_bud_06_yes_approved if asking.allows(agent_budget.decision, "BUD-06") with input as samples["new work, approved"]

test_bud_06_no_at_the_end if {
	asking.denies(agent_budget.decision, "BUD-04") with input as object.union(samples["new work, approved"], {"context": {"budget_level": "blocked"}})
}
