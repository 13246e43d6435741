"""What people are told: their inbox, and what is pushed to their devices."""
