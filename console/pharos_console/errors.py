"""The one error that the console ends with: a sentence that says what to do."""


class UsageError(Exception):
    """Something a person can mend. Printed without a traceback; the exit status is 1."""


class ClusterAway(UsageError):
    """The API server does not answer. Whoever only watches may go on watching."""
