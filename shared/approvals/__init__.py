"""Approvals: a person decides before an agent acts, and may still object afterwards."""
