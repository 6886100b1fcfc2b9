"""Whether what comes in still is what was learnt, and whether a data set is fit to learn from.

The statistics are in ``core``; here they are read from and written to the store.
"""
