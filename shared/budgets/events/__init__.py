"""What happens, as it is announced."""
