"""Inference engines. One port, one file an engine."""
