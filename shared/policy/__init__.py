"""Policy: the bundles in force, the freeze, and how each act was decided."""
