"""What training text looks like: rows PRE-2, PRE-8 to PRE-11.

This is for training text only. What is stored or logged of a user's text goes through another
rule (settled point A28).
"""

import re

_URL = re.compile(r"http\S+")
_INLINE_MATH = re.compile(r"\$[^$]*\$")
_LATEX_COMMAND = re.compile(r"\\[a-zA-Z]+\{[^}]*\}")
_REPEATED_PUNCTUATION = re.compile(r"([.,;:!?])\1+")
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([.,;:!?])(?=\s|$)")
_WHITE_SPACE = re.compile(r"\s+")


def clean_text(text: str) -> str:
    r"""The text without URLs, LaTeX and repeated spaces or punctuation.

    URLs go before LaTeX, so that a dollar sign inside an address cannot open a formula.

    >>> clean_text(r"See https://example.com ... the $\alpha$  rule \cite{x}.")
    'See. the rule.'
    """
    text = _URL.sub(" ", text)
    text = _INLINE_MATH.sub(" ", text)
    text = _LATEX_COMMAND.sub(" ", text)
    text = _REPEATED_PUNCTUATION.sub(r"\1", text)
    text = _WHITE_SPACE.sub(" ", text)
    text = _SPACE_BEFORE_PUNCTUATION.sub(r"\1", text)
    # Marks that stood apart may have come together.
    return _REPEATED_PUNCTUATION.sub(r"\1", text).strip()


def joined_text(title: str, abstract: str) -> str:
    """``Title. Abstract`` (row DBM-2); the title keeps its own closing mark if it has one."""
    title, abstract = title.strip(), abstract.strip()
    if not title or not abstract:
        return title or abstract
    closing = "" if title[-1] in ".?!" else "."
    return f"{title}{closing} {abstract}"
