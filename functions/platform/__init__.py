"""Platform: whether the platform is well."""
