# METADATA
# title: Roles
# description: >-
#   An operation names scopes, and each role holds some (`data.roles`, from the one table in shared/actors.py). Who does
#   something holds one of the scopes that it names.
# custom:
#   reasons:
#     RBAC-00: What was asked cannot be compared.
#     RBAC-01: A role is none of this platform.
#     RBAC-02: No role holds what the operation asks for.
#   allows:
#     RBAC-03: A role holds one of the scopes.
#     RBAC-04: The operation is for anybody.
package rbac

import data.shape

decision := shape.answer(allowed, deny, set(), set())

well_formed if {
	shape.well_formed
	shape.texts(input.action.scopes)
}

given contains "action.scopes" if shape.texts(input.action.scopes)

deny contains shape.malformed("RBAC-00", {"action.scopes"}, given) if not well_formed

deny contains reason if {
	well_formed
	some role in input.subject.roles
	not data.roles[role]
	reason := {
		"rule": "RBAC-01",
		"message": sprintf("%s is no role of this platform; ask an admin for one that is", [role]),
		"severity": "high",
	}
}

deny contains reason if {
	well_formed
	count(input.action.scopes) > 0
	count(holding) == 0
	reason := {
		"rule": "RBAC-02",
		"message": sprintf("%s takes the scope %s, which is held by %s, and you are %s; ask one of them, or an admin for that role", [
			input.action.name,
			concat(" or ", input.action.scopes),
			_listed(sort(holders)),
			_listed(input.subject.roles),
		]),
		"severity": "medium",
	}
}

allowed contains "RBAC-03" if {
	well_formed
	count(holding) > 0
}

# No scope at all is what an operation says that is for anybody; one that says nothing names no scopes, and is denied.
allowed contains "RBAC-04" if {
	well_formed
	count(input.action.scopes) == 0
}

holding contains role if {
	some role in input.subject.roles
	some scope in input.action.scopes
	scope in data.roles[role]
}

holders contains role if {
	some role, scopes in data.roles
	some scope in input.action.scopes
	scope in scopes
}

_listed(names) := concat(", ", names) if count(names) > 0

_listed(names) := "nobody" if count(names) == 0
