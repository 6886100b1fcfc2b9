"""What people type: the command line, the load generator and the demonstration.

Nothing in Pharos needs the console to work: it applies objects, patches status and reads.
"""
