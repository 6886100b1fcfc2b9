"""Retraining: what checks found, and the one run that comes of it."""
