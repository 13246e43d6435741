"""The story that the demonstration tells, and the data that it needs."""
