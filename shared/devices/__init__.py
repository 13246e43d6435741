"""Phones that show notices and sign decisions."""
