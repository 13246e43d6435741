# METADATA
# title: Trials
# description: >-
#   What somebody may do while their agent is on trial: everything that stays inside, on a sandbox and with made-up data,
#   within the tasks of a day and the spend of a trial. The trial's own record says how far it is (`subject.trial`).
# custom:
#   reasons:
#     TRL-00: What was asked cannot be compared.
#     TRL-02: A trial has no end.
#     TRL-03: The trial does not run.
#     TRL-04: The tasks of the day are used up.
#     TRL-06: It would change something real.
#     TRL-07: It is too much for a trial.
#     TRL-08: It is about invoices and subscriptions.
#     TRL-09: The spend of the trial is used up.
#     TRL-10: It would reach customers or people outside.
#   allows:
#     TRL-01: Nobody is on trial.
#     TRL-05: It stays inside.
#     TRL-11: The trial is ended, or made a subscription.
package trial

import data.shape

decision := shape.answer(allowed, deny, set(), obligations) if well_formed else := shape.refused("TRL-00", others, given) if not well_formed

limits := data.limits.trial

ending := {"trial.convert", "trial.cancel"}

admitting := {"task", "execution"}

money := {"invoices", "subscriptions", "billing"}

outside := {"customer", "external"}

receivers := {"customer", "external", "helpdesk", "internal"}

is_ending if input.action.name in ending

is_about_money if shape.plain(input.resource.type) in money

is_about_money if shape.family in {"billing", "subscription"}

works if shape.family in {"execution", "integration", "prompt", "step", "task"}

sends if input.action.operation in {"publish", "send"}

is_admitted if {
	shape.family in admitting
	input.action.operation in {"create", "execute"}
}

is_read if input.action.operation == "read"

on_a_sandbox if shape.text(input.agent.sandbox.route_id)

# What agents do costs something, and what is sent reaches somebody: then it is said how much, and whom.
cost_known if not works

cost_known if shape.whole(input.args.estimated_cost_micro_usd)

receiver_known if not sends

receiver_known if input.args.receiver in receivers

no_trial if is_null(input.subject.trial)

has_end if shape.instant(input.subject.trial.expires_at)

runs if {
	input.subject.trial.active
	input.context.now < input.subject.trial.expires_at
}

# A trial that is over may still become a subscription, for some days.
convertible if {
	end := time.parse_rfc3339_ns(input.subject.trial.expires_at)
	time.parse_rfc3339_ns(input.context.now) < end + (((limits.conversion_days * 24) * 3600) * 1000000000)
}

well_formed if {
	shape.well_formed
	no_trial
}

well_formed if {
	shape.well_formed
	is_object(input.subject.trial)
	is_boolean(input.subject.trial.active)
	shape.whole(input.subject.trial.tasks_today)
	shape.whole(input.subject.trial.spent_micro_usd)
	cost_known
	receiver_known
	shape.instant(input.context.now)
}

others := {
	"subject.trial.active", "subject.trial.tasks_today", "subject.trial.spent_micro_usd",
	"args.estimated_cost_micro_usd", "args.receiver", "context.now",
}

given contains "subject.trial.active" if shape.flag(input.subject.trial.active)

given contains "subject.trial.tasks_today" if shape.whole(input.subject.trial.tasks_today)

given contains "subject.trial.spent_micro_usd" if shape.whole(input.subject.trial.spent_micro_usd)

given contains "args.estimated_cost_micro_usd" if cost_known

given contains "args.receiver" if receiver_known

given contains "context.now" if shape.instant(input.context.now)

on_trial if not no_trial

deny contains reason if {
	on_trial
	not has_end
	reason := shape.because("TRL-02", "critical", "the trial has no end, so nothing is done in it; have the trial mended")
}

deny contains reason if {
	on_trial
	has_end
	not runs
	not is_ending
	reason := shape.because("TRL-03", "medium", sprintf("the trial does not run any more (it ended at %s); subscribe, and the agent goes on", [input.subject.trial.expires_at]))
}

deny contains reason if {
	on_trial
	has_end
	input.action.name == "trial.convert"
	not convertible
	reason := shape.because("TRL-03", "medium", sprintf("a trial becomes a subscription until %d days after its end at %s; subscribe anew", [limits.conversion_days, input.subject.trial.expires_at]))
}

deny contains reason if {
	on_trial
	is_admitted
	input.subject.trial.tasks_today >= limits.tasks_a_day
	reason := shape.because("TRL-04", "low", sprintf("%d of %d tasks of today are done; wait for new ones from midnight UTC on, or subscribe", [input.subject.trial.tasks_today, limits.tasks_a_day]))
}

deny contains reason if {
	on_trial
	input.action.external
	not is_read
	not on_a_sandbox
	reason := shape.because("TRL-06", "high", "a trial changes nothing outside; send it to a sandbox or a mock, or subscribe")
}

deny contains reason if {
	on_trial
	input.action.operation in {"delete", "bulk", "pay", "trade"}
	not is_ending
	reason := shape.because("TRL-07", "high", sprintf("a trial does not %s; subscribe, and it may", [input.action.operation]))
}

deny contains reason if {
	on_trial
	works
	input.args.estimated_cost_micro_usd > data.limits.single_call_micro_usd
	reason := shape.because("TRL-07", "medium", sprintf("this would cost about %d micro-USD, and one call of a trial may cost %d; ask for less at once", [input.args.estimated_cost_micro_usd, data.limits.single_call_micro_usd]))
}

deny contains reason if {
	on_trial
	is_about_money
	not is_ending
	reason := shape.because("TRL-08", "medium", "a trial has no invoices and no subscription; subscribe, or cancel it")
}

deny contains reason if {
	on_trial
	works
	spent := input.subject.trial.spent_micro_usd + input.args.estimated_cost_micro_usd
	spent > limits.spend_micro_usd
	reason := shape.because("TRL-09", "medium", sprintf("with this the trial would have spent %d of %d micro-USD; subscribe, and the agent goes on", [spent, limits.spend_micro_usd]))
}

deny contains reason if {
	on_trial
	sends
	input.args.receiver in outside
	reason := shape.because("TRL-10", "high", "an agent on trial reaches neither customers nor anybody outside; send it to the help desk, or subscribe")
}

allowed contains "TRL-01" if no_trial

allowed contains "TRL-05" if {
	on_trial
	runs
}

allowed contains "TRL-11" if {
	on_trial
	is_ending
}

obligations contains {"type": "use_synthetic_data", "parameters": {"dataset": "trial"}, "source_rule": "TRL-05"} if {
	on_trial
	not is_ending
}

obligations contains {"type": "mask_fields", "parameters": {"fields": ["address", "email", "phone"], "mask": "type"}, "source_rule": "TRL-05"} if {
	on_trial
	not is_ending
}
