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

decision := shape.answer(allowed, deny, set(), set()) if well_formed else := shape.refused("RBAC-00", {"action.scopes"}, given) if not well_formed

well_formed if {
	shape.well_formed
	shape.texts(input.action.scopes)
}

given contains "action.scopes" if shape.texts(input.action.scopes)

deny contains reason if {
	some role in input.subject.roles
	not data.roles[role]
	reason := shape.because("RBAC-01", "high", sprintf("%s is no role of this platform; ask an admin for one that is", [role]))
}

deny contains reason if {
	not holds
	not is_public
	said := sprintf("%s takes the scope %s, which is held by %s, and you are %s; ask one of them, or an admin for that role", [
		input.action.name,
		listed(input.action.scopes, "of nobody"),
		listed(sort(holders), "nobody"),
		listed(input.subject.roles, "nobody"),
	])
	reason := shape.because("RBAC-02", "medium", said)
}

allowed contains "RBAC-03" if holds

# What is for anybody names no scope, and is known by its name: an operation that lost its scopes is not for anybody.
allowed contains "RBAC-04" if is_public

is_public if {
	input.action.scopes == []
	input.action.name in data.limits.public
}

holds if {
	some role in input.subject.roles
	some scope in input.action.scopes
	scope in data.roles[role]
}

holders contains role if {
	some role, scopes in data.roles
	some scope in input.action.scopes
	scope in scopes
}

listed(names, _) := concat(", ", names) if count(names) > 0

listed(names, none) := none if count(names) == 0
