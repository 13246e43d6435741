"""Violations: what broke a rule, who answers for it, and until when it must be put right."""
