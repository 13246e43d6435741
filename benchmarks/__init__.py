"""Measurements: each prints a figure beside what it is compared to. They are no tests of time."""
