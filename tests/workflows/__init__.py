"""Claims about the durable runtime of workflows."""
