"""Learning: drafts of precedents, made of what was decided before."""
