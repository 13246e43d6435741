"""Precedents: rules that decide what a Governor would decide, and how they come, prove themselves and go."""
