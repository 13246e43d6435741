"""Messages on their way: what was done already, and what could not be delivered."""
