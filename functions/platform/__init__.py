"""Platform: how its services are, what went wrong, and what is switched on for whom."""
