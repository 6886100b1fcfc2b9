"""An ABExperiment: its life, its strategy, and what its metrics say."""
