"""A version's files in a local folder, every one of them held to the digest of its ModelVersion."""

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from pharos_api.artifacts import MANIFEST, Manifest
from pharos_api.modelversion import ModelVersion
from pharos_api.signing import SIGNATURE
from pharos_console.errors import UsageError
from pharos_console.jobs_pod import Streams
from pharos_console.registry.reaching import Reach


def fetch_first(
    reach: Reach, candidates: Sequence[ModelVersion], target: Path
) -> tuple[ModelVersion, list[str]]:
    """The first of the versions that is whole, in ``target``; and why others were passed over."""
    passed: list[str] = []
    for each in candidates:
        try:
            fetch(reach, each, target)
        except UsageError as error:
            passed.append(f"{each.spec.version} cannot be loaded: {error}")
        else:
            return each, passed
    raise UsageError("; ".join(passed))


def fetch(reach: Reach, version: ModelVersion, target: Path) -> Manifest:
    """Copy one version to ``target``, which must not hold anything yet.

    Raises UsageError where the artifact is not the one that was registered; nothing is then left.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not empty; name a folder that does not exist yet")
    target.parent.mkdir(parents=True, exist_ok=True)
    artifact = version.spec.artifact
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
        archive, folder = Path(scratch, "model.tar"), Path(scratch, "model")
        with archive.open("wb") as output:
            args = ["send", artifact.uri, "--sha256", artifact.sha256]
            reach.run(args, Streams(stdout=output))
        _unpack(archive, folder)
        manifest = checked(folder, artifact.sha256)
        if target.exists():
            target.rmdir()
        shutil.move(folder, target)
    return manifest


def checked(folder: Path, sha256: str) -> Manifest:
    """The manifest of a folder. Raises UsageError unless all is as it was registered."""
    try:
        content = (folder / MANIFEST).read_bytes()
        manifest = Manifest.model_validate_json(content)
        wrong = [e.path for e in manifest.files if _sha256(folder / e.path) != e.sha256]
        strange = {_path(p, folder) for p in folder.rglob("*") if p.is_file()} - {
            *(each.path for each in manifest.files),
            *(MANIFEST, SIGNATURE),
        }
    except (OSError, ValidationError) as error:
        raise UsageError(f"what arrived is no whole model: {error}") from error
    if hashlib.sha256(content).hexdigest() != sha256 or wrong or strange:
        names = ", ".join([*wrong, *sorted(strange)][:3]) or MANIFEST
        raise UsageError(f"what arrived is not what was registered: {names}")
    return manifest


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with tarfile.open(archive) as packed:
            packed.extractall(folder, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise UsageError(f"what arrived is no archive: {error}") from error


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _path(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()
