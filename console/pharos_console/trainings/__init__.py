"""TrainingRuns as people ask about them: repeated and compared. Pure."""
