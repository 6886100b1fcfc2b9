"""Active learning: which predictions a person is asked to label, and how the labels come back."""
