"""The shared kernel: the types and names that operator, jobs, serving and console agree on.

It depends on pydantic and xxhash alone and does no I/O. Whatever two parts must spell alike
(a label, an environment variable, the JSON between operator and job) is spelled here, once.
"""
