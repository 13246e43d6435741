"""What every function shares: how to declare, refuse, ask, store and announce; and each area's models and rules."""
