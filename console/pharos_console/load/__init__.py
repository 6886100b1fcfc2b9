"""Open-loop traffic of real texts, and the check that every answer came from the right arm."""
