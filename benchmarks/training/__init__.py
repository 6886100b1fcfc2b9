"""How fast training gets to a quality: ours beside ``transformers.Trainer`` with its defaults."""
