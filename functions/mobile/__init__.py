"""Mobile: the Governor's phone and everybody's inbox."""
