"""Documents, their parts and what is sent."""
