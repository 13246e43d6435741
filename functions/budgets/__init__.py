"""Budgets: what may be spent, by whom, in which time; what was; and what somebody agreed to pay."""
