"""History: rules over what was done before, the same for a plan and for what really happens."""
