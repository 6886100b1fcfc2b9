"""A TrainingRun: which step comes next, when to try again, when it has ended."""
