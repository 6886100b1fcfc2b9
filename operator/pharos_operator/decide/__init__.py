"""Pure decisions: from what was observed to what shall be done. No I/O, clock, log, randomness."""
