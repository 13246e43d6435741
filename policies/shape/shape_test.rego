package shape_test

import data.asking_test as asking
import data.shape

test_a_text_is_not_empty_and_is_nothing_else if {
	shape.text("a")
	every one in ["", 1, true, null, ["a"], {"a": 1}] {
		not shape.text(one)
	}
}

test_a_count_is_whole_and_no_less_than_nothing if {
	shape.whole(0)
	shape.whole(12)
	every one in ["1", true, null, -1, [1], 3 / 2] {
		not shape.whole(one)
	}
}

test_a_flag_is_no_word if {
	shape.flag(true)
	shape.flag(false)
	every one in ["true", "TRUE ", 1, 0, null] {
		not shape.flag(one)
	}
}

test_an_instant_is_in_utc if {
	shape.instant("2026-11-30T12:00:00Z")
	shape.instant("2026-11-30T12:00:00.123Z")
	every one in ["2026-11-30", "2026-11-30T12:00:00+01:00", "2026-11-30T12:00:00z", 1, null, ""] {
		not shape.instant(one)
	}
}

test_texts_are_a_list_of_nothing_else if {
	shape.texts([])
	shape.texts(["a", "b"])
	every one in ["a", ["a", 1], [""], {"a": "b"}, null] {
		not shape.texts(one)
	}
}

test_what_everybody_needs_is_there if {
	shape.well_formed with input as asking.within
	shape.well_formed with input as asking.but({"subject": {"trial": {}}})
	not shape.well_formed with input as {}
}

test_what_is_missing_is_named if {
	reason := shape.malformed("X-00", {"args.a"}, set()) with input as json.remove(asking.within, ["subject/roles"])
	contains(reason.message, "; say args.a with what you ask; ask an admin")
	endswith(reason.message, ": subject.roles")
}

test_each_thing_that_is_missing_says_what_to_do_about_it if {
	steps := shape.steps({"args.a", "action.tool", "agent.status", "manifest.tools", "subject.trial.active", "context.data_grant"})
	steps == [
		"say action.tool, args.a with what you ask",
		"name an agent that there is (GET /v1/agents), as nothing is known of this one: agent.status",
		"have a person do it, as no release looks this up yet: context.data_grant, manifest.tools, subject.trial.active",
	]
}

test_the_strongest_of_two_approvals_is_asked if {
	asked := {
		{"type": "execution", "reason": {"rule": "A", "message": "a", "severity": "low"}},
		{"type": "financial", "reason": {"rule": "B", "message": "b", "severity": "low"}},
	}
	decision := shape.answer(set(), set(), asked, set())
	asking.asks(decision, "A", "financial")
	asking.asks(decision, "B", "financial")
}

test_what_nothing_allows_is_not_allowed if {
	shape.answer(set(), set(), set(), set()).allow == false
}

test_a_denial_beats_what_allows_and_what_asks if {
	reason := {"rule": "A", "message": "a", "severity": "low"}
	decision := shape.answer({"B"}, {reason}, {{"type": "execution", "reason": reason}}, {{"type": "x"}})
	asking.denies(decision, "A")
}

test_arguments_that_were_too_many_are_known_not_to_be_there if {
	shape.well_formed with input as object.union(asking.within, {"args": null})
	not shape.well_formed with input as object.union(asking.within, {"args": "null"})
	not shape.well_formed with input as json.remove(asking.within, ["args"])
}
