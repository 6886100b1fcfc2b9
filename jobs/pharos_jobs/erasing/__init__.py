"""Forgetting a user: in the database, in training data and in caches."""
