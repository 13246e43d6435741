"""Policy: what decides every change before it happens, which rules are in force, and how each act was decided."""
