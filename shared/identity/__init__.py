"""Identities: what is kept about a caller, and the public keys that our signatures are checked with."""
