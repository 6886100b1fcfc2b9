"""Pure rules of the training side: values in, values out; no I/O, clock, randomness or logging."""
