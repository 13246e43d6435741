package trial_test

import data.asking_test as asking
import data.trial

running := {"trial_id": "t-1", "active": true, "expires_at": "2026-12-02T12:00:00.000Z", "tasks_today": 3, "spent_micro_usd": 1000000}

on_trial(more) := asking.but(object.union(
	{
		"subject": {"roles": ["customer_admin"], "tenant_id": "clinic", "trial": running},
		"action": {"name": "task.create", "operation": "create", "scopes": ["agents:write"]},
		"args": {"estimated_cost_micro_usd": 500000},
		"resource": {"owner_tenant_id": "clinic"},
		"agent": {"id": "a-1", "status": "deployed", "sandbox": null},
	},
	more,
))

sandbox := {"sandbox": {"route_id": "mail", "target": "mock://sendgrid", "credential_ref": "sandbox/sendgrid", "audit_tag": "trial_sandbox_integration"}}

samples := {
	"nobody on trial": asking.within,
	"a draft": on_trial({}),
	"a read outside": on_trial({"action": {"name": "integration.execute", "operation": "read", "external": true}}),
	"a write to a sandbox": on_trial({"action": {"name": "integration.execute", "operation": "update", "external": true}, "agent": sandbox}),
	"a message to the help desk": on_trial({"action": {"name": "event.publish", "operation": "publish"}, "args": {"receiver": "helpdesk"}}),
	"a setting": on_trial({"action": {"name": "mobile.register_device", "operation": "update"}}),
	"a trial without an end": on_trial({"subject": {"trial": {"expires_at": null}}}),
	"a trial that is over": on_trial({"subject": {"trial": {"expires_at": "2026-11-30T12:00:00.000Z"}}}),
	"a trial that was ended": on_trial({"subject": {"trial": {"active": false}}}),
	"the eleventh task": on_trial({"subject": {"trial": {"tasks_today": 10}}}),
	"a write outside": on_trial({"action": {"name": "integration.execute", "operation": "update", "external": true}}),
	"a deletion": on_trial({"action": {"name": "integration.execute", "operation": "delete"}}),
	"a dear call": on_trial({"args": {"estimated_cost_micro_usd": 1000001}}),
	"an invoice": on_trial({"action": {"name": "billing.view", "operation": "read"}}),
	"a subscription by its kind": on_trial({"action": {"name": "data.read", "operation": "read"}, "resource": {"type": "subscriptions"}}),
	"the last cent and one more": on_trial({"subject": {"trial": {"spent_micro_usd": 4500001}}}),
	"the last cent": on_trial({"subject": {"trial": {"spent_micro_usd": 4500000}}}),
	"a message to a customer": on_trial({"action": {"name": "event.publish", "operation": "publish"}, "args": {"receiver": "customer"}}),
	"it becomes a subscription": on_trial({"action": {"name": "trial.convert", "operation": "update"}}),
	"it becomes one two days after": on_trial({"action": {"name": "trial.convert", "operation": "update"}, "subject": {"trial": {"expires_at": "2026-11-28T12:00:00.000Z"}}}),
	"it becomes one four days after": on_trial({"action": {"name": "trial.convert", "operation": "update"}, "subject": {"trial": {"expires_at": "2026-11-26T12:00:00.000Z"}}}),
	"it is cancelled": on_trial({"action": {"name": "trial.cancel", "operation": "delete"}}),
}

test_trl_00_no_nothing_at_all if asking.denies(trial.decision, "TRL-00") with input as {}

test_trl_00_no_what_is_no_figure if {
	every tasks in ["3", true, null, -1, 7 / 2] {
		asking.denies(trial.decision, "TRL-00") with input as on_trial({"subject": {"trial": {"tasks_today": tasks}}})
	}
	every active in ["true", "TRUE ", 1, null] {
		asking.denies(trial.decision, "TRL-00") with input as on_trial({"subject": {"trial": {"active": active}}})
	}
}

test_trl_00_no_whether_on_trial_is_not_said if {
	asking.denies(trial.decision, "TRL-00") with input as json.remove(asking.within, ["subject/trial"])
	asking.denies(trial.decision, "TRL-00") with input as asking.but({"subject": {"trial": false}})
}

test_trl_00_no_work_without_its_cost if {
	asking.denies(trial.decision, "TRL-00") with input as json.remove(samples["a draft"], ["args/estimated_cost_micro_usd"])
}

test_trl_00_no_a_message_to_whom_is_not_said if {
	asking.denies(trial.decision, "TRL-00") with input as json.remove(samples["a message to the help desk"], ["args/receiver"])
}

test_trl_00_yes_what_costs_nothing_need_not_say_so if {
	asking.allows(trial.decision, "TRL-05") with input as json.remove(samples["a setting"], ["args/estimated_cost_micro_usd"])
}

test_trl_01_yes_nobody_is_on_trial if asking.allows(trial.decision, "TRL-01") with input as samples["nobody on trial"]

test_trl_01_no_they_are if {
	d := trial.decision with input as samples["a draft"]
	not "TRL-01" in d.matched
}

test_trl_02_no_without_an_end if asking.denies(trial.decision, "TRL-02") with input as samples["a trial without an end"]

test_trl_02_yes_with_one if asking.allows(trial.decision, "TRL-05") with input as samples["a draft"]

test_trl_03_no_it_is_over if {
	asking.denies(trial.decision, "TRL-03") with input as samples["a trial that is over"]
	asking.denies(trial.decision, "TRL-03") with input as samples["a trial that was ended"]
	asking.denies(trial.decision, "TRL-03") with input as samples["it becomes one four days after"]
}

test_trl_03_yes_a_second_before if {
	asking.allows(trial.decision, "TRL-05") with input as on_trial({"subject": {"trial": {"expires_at": "2026-11-30T12:00:01.000Z"}}})
}

test_trl_04_no_the_eleventh_task if {
	d := trial.decision with input as samples["the eleventh task"]
	asking.denies(d, "TRL-04")
	asking.says(d, "10 of 10 tasks")
}

test_trl_04_yes_the_tenth_and_what_is_no_task if {
	asking.allows(trial.decision, "TRL-05") with input as on_trial({"subject": {"trial": {"tasks_today": 9}}})
	asking.allows(trial.decision, "TRL-05") with input as object.union(samples["a read outside"], {"subject": {"trial": {"tasks_today": 10}}})
}

test_trl_05_yes_with_made_up_data if {
	d := trial.decision with input as samples["a draft"]
	asking.allows(d, "TRL-05")
	asking.obliges(d, "use_synthetic_data", {"dataset": "trial"})
	asking.obliges(d, "mask_fields", {"fields": ["address", "email", "phone"], "mask": "type"})
}

test_trl_05_no_when_it_does_not_run if asking.denies(trial.decision, "TRL-03") with input as samples["a trial that is over"]

test_trl_06_no_something_real if asking.denies(trial.decision, "TRL-06") with input as samples["a write outside"]

test_trl_06_yes_on_a_sandbox if {
	asking.allows(trial.decision, "TRL-05") with input as samples["a write to a sandbox"]
	asking.allows(trial.decision, "TRL-05") with input as samples["a read outside"]
}

test_trl_07_no_too_much if {
	asking.denies(trial.decision, "TRL-07") with input as samples["a deletion"]
	asking.denies(trial.decision, "TRL-07") with input as samples["a dear call"]
}

test_trl_07_yes_a_call_of_a_dollar if {
	asking.allows(trial.decision, "TRL-05") with input as on_trial({"args": {"estimated_cost_micro_usd": 1000000}})
}

test_trl_08_no_invoices if {
	asking.denies(trial.decision, "TRL-08") with input as samples["an invoice"]
	asking.denies(trial.decision, "TRL-08") with input as samples["a subscription by its kind"]
}

test_trl_08_yes_to_become_one if asking.allows(trial.decision, "TRL-11") with input as samples["it becomes a subscription"]

test_trl_09_no_one_more_than_the_last if asking.denies(trial.decision, "TRL-09") with input as samples["the last cent and one more"]

test_trl_09_yes_the_last if asking.allows(trial.decision, "TRL-05") with input as samples["the last cent"]

test_trl_10_no_a_customer if asking.denies(trial.decision, "TRL-10") with input as samples["a message to a customer"]

test_trl_10_yes_the_help_desk if asking.allows(trial.decision, "TRL-05") with input as samples["a message to the help desk"]

test_trl_11_yes_after_its_end if {
	asking.allows(trial.decision, "TRL-11") with input as samples["it becomes one two days after"]
	asking.allows(trial.decision, "TRL-11") with input as samples["it is cancelled"]
}

test_trl_11_no_too_late if asking.denies(trial.decision, "TRL-03") with input as samples["it becomes one four days after"]
