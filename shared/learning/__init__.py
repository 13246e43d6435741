"""Learning: what decisions of the past have in common becomes the draft of a precedent."""
