"""Steps on a desk: the requirement's commands and flags, without a cluster.

Each command runs the very step that a Job runs, with plain files before and after it.
"""
