"""Manifests: the single statement of what an agent may do, its versions and its hash."""
