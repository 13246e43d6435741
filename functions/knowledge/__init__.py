"""What agents know: industries, their rules and their language."""
