"""Audit: the record of what happened, and what proves it."""
