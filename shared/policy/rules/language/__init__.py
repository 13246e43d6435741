"""The language of policies: read, checked, written, and evaluated; pure, and nothing of it is loaded before it is used."""
