"""Where Python looks for modules, without the folder in which a command was typed. Pure.

``python -m`` puts that folder first, and ``register`` leaves a folder ``datasets`` in it: the
``transformers`` library would take it for the package of that name, and no training would start.
"""

from collections.abc import Iterable
from pathlib import Path


def without_folder(path: Iterable[str], folder: Path) -> list[str]:
    """The entries of ``sys.path`` that are not ``folder``; an empty entry means the folder too."""
    return [entry for entry in path if Path(entry) not in (folder, Path())]
