"""Actions: what reads and writes in a transaction."""
