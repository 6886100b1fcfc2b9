"""Prepares a checkout for work: the virtual environment and the servers that tests run against.

Standard library only: it runs before there is a virtual environment.
"""
