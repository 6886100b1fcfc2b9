"""A TrainingRun without a cluster: the same steps as local processes."""
