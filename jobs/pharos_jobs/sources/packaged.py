"""Labelled texts inside an installed Python package: ``pypi://PACKAGE/FOLDER``.

The package is found by its metadata and read as files; its code is never imported. Below the
folder, each sub-folder is a class and each text file in it a document.
"""

from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from pharos_api.jobio import FailureReason
from pharos_jobs.core.papers import Paper
from pharos_jobs.errors import Terminal


def package_files(uri: str) -> tuple[Distribution, list[PurePosixPath]]:
    """The distribution that a ``pypi://`` URI names, and its files below the URI's folder."""
    parts = urlsplit(uri)
    try:
        found = distribution(parts.netloc)
    except PackageNotFoundError as error:
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"The package {parts.netloc} of {uri} is not installed. Install it in the job's image, "
            "or name another source.",
        ) from error
    wanted = PurePosixPath(parts.path.strip("/")).parts
    inside = [PurePosixPath(f) for f in found.files or ()]
    return found, [f for f in inside if _is_below(f, wanted)]


def located(found: Distribution, file: PurePosixPath) -> Path:
    """The path of a package's file on this machine."""
    return Path(str(found.locate_file(str(file))))


def read_package(uri: str) -> Iterator[Paper]:
    """Documents below the folder, in the order of their paths.

    Raises Terminal when the package is not installed or holds no text file there.
    """
    found, files = package_files(uri)
    texts = sorted(f for f in files if f.suffix == ".txt")
    if not texts:
        raise Terminal(
            FailureReason.SOURCE_UNREADABLE,
            f"{uri} holds no text files. Name a folder with one sub-folder of .txt files a class.",
        )
    for file in texts:
        content = located(found, file).read_text(encoding="utf-8", errors="replace")
        title, _, body = content.strip().partition("\n")
        yield Paper(
            id="/".join(file.parts[-2:]), title=title, abstract=body, label=file.parent.name
        )


def _is_below(file: PurePosixPath, wanted: tuple[str, ...]) -> bool:
    """Whether the file lies below the folder, named from the package's root or from one below."""
    folders = file.parts[:-1]
    return folders[: len(wanted)] == wanted or folders[1 : len(wanted) + 1] == wanted
