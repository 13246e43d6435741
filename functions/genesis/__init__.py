"""Create, review and certify the skills, job roles and industries that agents are made from."""
