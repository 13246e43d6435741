"""Approvals: a Governor decides what may happen, and objects to what should not have."""
