"""The base image for machines without Docker: Python on a minimal Debian.

Made from the machine's own package sources, with their keys.
"""

import hashlib
import platform
import tempfile
from pathlib import Path

from machine.command import attempt, output
from machine.progress import Progress

PACKAGES = ("python3", "python3-venv", "ca-certificates", "tzdata", "netbase")
LEFT_OUT = ("man", "doc", "locale", "info")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def reference() -> str:
    """The base image's name and tag, which change with the release and the packages."""
    release = platform.freedesktop_os_release()
    words = f"{release.get('VERSION_CODENAME')} {PACKAGES} {LEFT_OUT}"
    return f"localhost/pharos-base:{hashlib.sha256(words.encode()).hexdigest()[:12]}"


def ensure(buildah: tuple[str, ...]) -> str:
    """Build it unless it is there; returns its reference."""
    name = reference()
    if attempt(*buildah, "inspect", "--type", "image", name) is None:
        with Progress("building the base image from Debian packages"):
            _build(buildah, name)
    return name


def _build(buildah: tuple[str, ...], name: str) -> None:
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    drop = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in LEFT_OUT]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "base.tar"
        how = ("--mode=root", "--variant=minbase", f"--include={','.join(PACKAGES)}", *drop)
        output("mmdebstrap", *how, suite, archive)
        container = output(*buildah, "from", "scratch").strip()
        output(*buildah, "add", "--quiet", container, archive, "/")
        output(*buildah, "config", "--env", f"PATH={PATH}", container)
        output(*buildah, "commit", "--quiet", "--rm", container, name)
