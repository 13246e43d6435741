# METADATA
# title: Access to data
# description: >-
#   Who reads what of whom. People and services see what is of their own tenant, and the platform's staff of customers what
#   is about a thing and not in it. An agent sees the fields that its certified manifest names (`manifest.data`), for the
#   purposes that it names, and no longer than it says.
# custom:
#   reasons:
#     DAT-00: What was asked cannot be compared.
#     DAT-01: It belongs to another tenant.
#     DAT-02: The manifest does not name these fields.
#     DAT-03: The manifest does not name this purpose.
#     DAT-05: Personal data in the clear needs an approval.
#     DAT-06: The workspace is of another engagement.
#     DAT-07: It is older than it may be kept.
#     DAT-08: Two agents share what they have no grant for.
#     DAT-09: Secrets are read by nobody.
#   allows:
#     DAT-04: The manifest names it.
#     DAT-10: It is of their own tenant.
package data_access

import data.shape

decision := shape.answer(allowed, deny, asked, obligations) if well_formed else := shape.refused("DAT-00", others, given) if not well_formed

# What agents do, and what is done by their tools, whoever carries it out for them.
by_manifest if input.subject.type == "agent"

by_manifest if shape.family in {"integration", "step", "prompt"}

mode := "read" if input.action.operation == "read" else := "write"

declared := input.manifest.data[input.resource.type]

well_formed if {
	shape.well_formed
	not by_manifest
}

well_formed if {
	shape.well_formed
	by_manifest
	shape.text(input.resource.type)
	shape.texts(input.args.fields)
	shape.text(input.args.purpose)
	shape.whole(input.args.age_days)
	is_boolean(input.manifest.certified)
	is_object(input.manifest.data)
	shape.texts(input.manifest.purposes)
	engagement_known
	sharing_known
}

engagement_known if input.resource.type != "workspace"

engagement_known if {
	shape.text(input.args.engagement_id)
	shape.text(input.agent.engagement_id)
}

sharing_known if input.action.name != "data.share"

sharing_known if {
	shape.text(input.args.with_agent)
	is_boolean(input.context.data_grant)
	shape.texts(input.manifest.shares)
}

others := set() if not by_manifest

others := {
	"resource.type", "args.fields", "args.purpose", "args.age_days",
	"manifest.certified", "manifest.data", "manifest.purposes",
	"engagement_id of args and agent", "args.with_agent, context.data_grant and manifest.shares",
} if by_manifest

given contains "resource.type" if shape.text(input.resource.type)

given contains "args.fields" if shape.texts(input.args.fields)

given contains "args.purpose" if shape.text(input.args.purpose)

given contains "args.age_days" if shape.whole(input.args.age_days)

given contains "manifest.certified" if shape.flag(input.manifest.certified)

given contains "manifest.data" if is_object(input.manifest.data)

given contains "manifest.purposes" if shape.texts(input.manifest.purposes)

given contains "engagement_id of args and agent" if engagement_known

given contains "args.with_agent, context.data_grant and manifest.shares" if sharing_known

# What a manifest says of a kind of data, all of it.
is_declared if {
	input.manifest.certified
	shape.texts(declared.fields)
	mode in declared.modes
	shape.whole(declared.retention_days)
	declared.classification in {"public", "internal", "confidential", "restricted_pii"}
	is_boolean(declared.essential)
	input.args.fields != []
	every field in input.args.fields {
		field in declared.fields
	}
}

is_metadata_only if {
	is_object(input.args)
	every field in object.get(input.args, "fields", []) {
		field in data.limits.metadata
	}
}

is_secret if shape.plain(input.resource.type) in {"secret", "credential"}

is_personal if declared.classification == "restricted_pii"

is_essential if declared.essential == true

is_purpose if input.args.purpose in input.manifest.purposes

is_granted if {
	input.args.with_agent in input.manifest.shares
	input.context.data_grant
}

deny contains reason if {
	input.subject.tenant_id != input.resource.owner_tenant_id
	input.subject.tenant_id != "platform"
	input.resource.owner_tenant_id != "platform"
	reason := shape.because("DAT-01", "critical", "there is no such thing among yours")
}

deny contains reason if {
	input.subject.tenant_id == "platform"
	input.resource.owner_tenant_id != "platform"
	not by_manifest
	not is_metadata_only
	reason := shape.because("DAT-01", "high", sprintf("of customers' things the platform's staff see %s, and nothing that is in them; ask the customer", [concat(", ", data.limits.metadata)]))
}

deny contains reason if {
	by_manifest
	not is_declared
	reason := shape.because("DAT-02", "high", sprintf("the certified manifest does not name these fields of %s, to %s them: %s; ask for named ones of it, or have the manifest certified with them", [input.resource.type, mode, concat(", ", input.args.fields)]))
}

deny contains reason if {
	by_manifest
	not is_purpose
	reason := shape.because("DAT-03", "high", sprintf("the manifest does not name the purpose %s; ask with a purpose that it names: %s", [input.args.purpose, concat(", ", input.manifest.purposes)]))
}

deny contains reason if {
	by_manifest
	input.resource.type == "workspace"
	input.args.engagement_id != input.agent.engagement_id
	reason := shape.because("DAT-06", "critical", "the workspace is of another engagement; name the one that the agent works in")
}

deny contains reason if {
	is_declared
	input.args.age_days > declared.retention_days
	reason := shape.because("DAT-07", "medium", sprintf("it is %d days old, and the manifest keeps it for %d; ask for something newer", [input.args.age_days, declared.retention_days]))
}

deny contains reason if {
	by_manifest
	input.action.name == "data.share"
	not is_granted
	reason := shape.because("DAT-08", "high", "two agents share only what both manifests name and a grant allows; have both manifests certified with it")
}

deny contains reason if {
	is_secret
	reason := shape.because("DAT-09", "critical", "a secret is read by nobody; name it by its reference where it is used")
}

asked contains {"type": "execution", "reason": shape.because("DAT-05", "high", "these fields are personal and asked for in the clear, so the Governor of the engagement is asked first; ask for them masked, or for an approval")} if {
	is_declared
	is_personal
	is_essential
	not shape.granted("execution")
}

allowed contains "DAT-04" if {
	by_manifest
	is_declared
}

allowed contains "DAT-10" if not by_manifest

obligations contains {"type": kind, "parameters": {"key_ref": "tenant"}, "source_rule": "DAT-04"} if {
	is_declared
	declared.classification in {"confidential", "restricted_pii"}
	some kind in ["encrypt_payload", "sign_payload"]
}

obligations contains {"type": "mask_fields", "parameters": {"fields": input.args.fields, "mask": "type"}, "source_rule": "DAT-05"} if {
	is_declared
	is_personal
	not is_essential
}
