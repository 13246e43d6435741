"""Events: what was committed finds its way out, and what could not be delivered is kept."""
