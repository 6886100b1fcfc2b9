"""What people ask of experiments: why one stands where it stands, and whether its records hold."""
