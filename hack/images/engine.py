"""The two programs that build images: Docker where its daemon answers, else buildah."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from images import base
from images.targets import CHECKOUT, DOCKERFILE, Target
from localcluster.ladder import docker_answers
from localcluster.places import cache
from machine.apt import ensure_packages
from machine.command import Options, Word, attempt, output

PUBLIC_BASE = "docker.io/library/python:3.11-slim-bookworm"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
UV_CACHE = "/var/cache/host-uv"


class Engine(Protocol):
    """Builds, and puts what it built where the cluster can take it from."""

    def base(self) -> str:
        """The base image's reference, made first where that is needed."""

    def build(self, target: Target, stage: str, tag: str, log: Path) -> None:
        """Build one stage of the Dockerfile with the target's arguments."""

    def digest(self, tag: str) -> str | None:
        """The digest of an image that was built, or None."""

    def export(self, target: Target, tag: str, folder: Path) -> Path:
        """Write an archive or a layout folder; returns its path."""

    def forget(self, kept: set[str]) -> None:
        """Delete the project's images but these, with the layers that only they needed."""


def engine() -> Engine:
    """The one that works on this machine."""
    return Docker() if docker_answers() else Buildah()


class Docker:
    """An ordinary Docker daemon."""

    def base(self) -> str:
        """Python's own image, which Docker pulls by itself."""
        return PUBLIC_BASE

    def build(self, target: Target, stage: str, tag: str, log: Path) -> None:
        """`docker build` with BuildKit."""
        arguments = [f"--build-arg={name}={value}" for name, value in target.arguments]
        line = ("docker", "build", "--target", stage, "--tag", tag, "--file", DOCKERFILE)
        _logged(log, *line, *arguments, CHECKOUT)

    def digest(self, tag: str) -> str | None:
        """The image's id."""
        found = attempt("docker", "image", "inspect", "--format", "{{.Id}}", tag)
        return found.strip() if found else None

    def export(self, target: Target, tag: str, folder: Path) -> Path:
        """`docker save`."""
        archive = folder / f"{target.name}.tar"
        output("docker", "save", "--output", archive, tag)
        return archive

    def forget(self, kept: set[str]) -> None:
        """Leave that to a person: the daemon may hold more than ours."""


class Buildah:
    """buildah, with a store of its own, on a base image made of the machine's Debian packages."""

    def __init__(self) -> None:
        ensure_packages({name: name for name in ("buildah", "mmdebstrap", "skopeo")})
        self._home = cache() / "images"
        self._home.mkdir(parents=True, exist_ok=True)
        (self._home / "tmp").mkdir(exist_ok=True)
        self._options = Options(env={"TMPDIR": f"{self._home / 'tmp'}"})

    def base(self) -> str:
        """Built once for each release of the distribution."""
        return base.ensure(self._line())

    def build(self, target: Target, stage: str, tag: str, log: Path) -> None:
        """`buildah build`, with the host's network, certificates and downloaded packages.

        Only the bundle of certificates is mounted, because packages write to its folder.
        """
        uv_cache = _uv_cache()
        uv_cache.mkdir(parents=True, exist_ok=True)
        mounts = {CERTIFICATES: f"{CERTIFICATES}:ro", uv_cache: UV_CACHE}
        volumes = [f"--volume={source}:{place}" for source, place in mounts.items()]
        values = {"BASE": self.base(), "UV_CACHE": UV_CACHE, **dict(target.arguments)}
        arguments = [f"--build-arg={name}={value}" for name, value in values.items()]
        how = ("--layers", "--pull-never", "--isolation=chroot", "--network=host")
        what = ("--target", stage, "--tag", tag, "--file", DOCKERFILE, CHECKOUT)
        _logged(log, *self._line(), "build", *how, *volumes, *arguments, *what)

    def digest(self, tag: str) -> str | None:
        """The image's id."""
        line = ("inspect", "--type", "image", "--format", "{{.FromImageID}}", tag)
        found = attempt(*self._line(), *line, options=self._options)
        return found.strip() if found else None

    def export(self, target: Target, tag: str, folder: Path) -> Path:
        """An OCI layout whose blobs all targets share, uncompressed: it is read a moment later.

        skopeo, because buildah's own push compresses whatever it is told; a blob that is there is
        not written again.
        """
        layout, blobs = folder / target.name, folder / "blobs"
        blobs.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(layout, ignore_errors=True)
        layout.mkdir()
        (layout / "blobs").symlink_to("../blobs", target_is_directory=True)
        store = f"containers-storage:[overlay@{self._home}/store+{self._home}/run]{tag}"
        how = ("--quiet", "--dest-oci-accept-uncompressed-layers", "--dest-shared-blob-dir", blobs)
        output("skopeo", "copy", *how, store, f"oci:{layout}:{tag}", options=self._options)
        return layout

    def forget(self, kept: set[str]) -> None:
        """Delete older images; what a newer one shares with them stays."""
        listed = ("images", "--noheading", "--format", "{{.Name}}:{{.Tag}}")
        for name in output(*self._line(), *listed).split():
            if name.startswith("localhost/pharos-") and name not in kept and not _lasting(name):
                attempt(*self._line(), "rmi", name)

    def _line(self) -> tuple[str, ...]:
        return ("buildah", "--root", f"{self._home}/store", "--runroot", f"{self._home}/run")


def _lasting(name: str) -> bool:
    """What later builds begin from."""
    return name == base.reference() or name.startswith("localhost/pharos-builder:")


def _uv_cache() -> Path:
    """Where uv keeps packages on this machine, so that they are downloaded once."""
    return Path(os.environ.get("UV_CACHE_DIR", "~/.cache/uv")).expanduser().absolute()


def _logged(log: Path, *line: Word) -> None:
    """Run a build, keeping all it prints."""
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(output(*line))
