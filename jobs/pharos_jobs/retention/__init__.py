"""Keeping the artifact store in order: what lies there, who owns it, and what goes."""
