"""Everything in the repository that is written by a program, and the check that it is current."""
