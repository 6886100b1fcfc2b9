"""Which requirement is proven by which test."""
