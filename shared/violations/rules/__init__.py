"""Rules: pure functions, which know no store."""
