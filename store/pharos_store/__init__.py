"""Rows and artifacts: the projections of the custom resources."""
