"""The steps of a TrainingRun, each a process of its own."""
