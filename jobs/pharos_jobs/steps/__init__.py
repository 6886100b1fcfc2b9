"""One file a step, independent of each other: steps talk through artifacts, not through imports."""
