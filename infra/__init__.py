"""What the platform is on Google Cloud: one program, from the same catalog that serves every request."""
