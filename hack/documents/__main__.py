"""`python -m documents`: fails when a link in a document leads nowhere."""

import sys

from documents.links import problems
from documents.places import CHECKOUT, pages


def main() -> int:
    """Print each link that leads nowhere."""
    found = problems(pages(), lambda path: (CHECKOUT / path).exists())
    for sentence in found:
        print(sentence)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
