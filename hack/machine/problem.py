"""The one error of the developer's tools: a sentence that says what is wrong and what to do."""


class Problem(Exception):
    """Something a person can put right; its text is shown as it stands, without a traceback."""
