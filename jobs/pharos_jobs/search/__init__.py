"""The search for hyperparameters: workers that share one study, trial by trial."""
