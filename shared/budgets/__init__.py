"""Budgets: nobody spends more than they may, however many spend at once."""
