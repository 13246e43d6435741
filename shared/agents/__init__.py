"""Agents: how they are specified, certified, approved, deployed, watched and stopped."""
