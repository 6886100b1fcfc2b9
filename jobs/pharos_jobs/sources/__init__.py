"""Where papers come from. Each source yields papers and names its own faults."""
