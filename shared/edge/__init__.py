"""Where our words meet the world: the only code that knows Google, HTTP, SQLite or cryptography."""
