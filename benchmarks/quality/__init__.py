"""How good the recipes are on real papers: ``make bench-quality``."""
