"""Agents: the seven-stage pipeline that makes them, their releases, their health and their suspension."""
