"""Audit: what is put into the log although it changes nothing."""
