"""A ModelVersion: whether it serves, as what, and why."""
