"""Precedents: what a Governor decided so often that it is a rule, and when the rule may decide."""
