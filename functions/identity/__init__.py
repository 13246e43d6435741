"""Identity: who the caller is, and the keys that signatures are checked with."""
