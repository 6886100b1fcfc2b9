"""Compiles the components once for each state of their sources, and finds them again."""

import hashlib
import shutil
import subprocess
from pathlib import Path

from localcluster import pause_image
from localcluster.places import SOURCES, Binaries, home
from machine.command import Options, output, words
from machine.problem import Problem
from machine.progress import Progress, clock

TARGETS = ("./kube", "./pause", "helm.sh/helm/v3/cmd/helm")
COLD_BUILD_MIB = 8 * 1024
KEPT_BUILDS = 2
HERE = Options(cwd=SOURCES)


def sources_key(folder: Path = SOURCES) -> str:
    """A short digest of the module files and the Go sources."""
    digest = hashlib.sha256()
    for path in sorted((folder / "go.mod", folder / "go.sum", *folder.glob("*/*.go"))):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def find() -> Binaries | None:
    """The compiled programs for the present sources and Go version, if they are in the cache.

    Without Go on the machine any build of the present sources will do.
    """
    version = go_version() or "*"
    for folder in sorted((home() / "bin").glob(f"{sources_key()}-{version}")):
        if (folder / "pause.tar").exists():
            return Binaries(folder)
    return None


def build() -> Binaries:
    """The compiled programs, compiling them where the cache does not have them.

    Raises:
        Problem: Go is missing or too old, the disk is too small, or the compiler failed.
    """
    found = find()
    if found:
        return found
    version = go_version()
    if not version:
        raise Problem(
            "Go is needed to compile Kubernetes and is not on PATH; "
            "install Go 1.25 or later (https://go.dev/dl)"
        )
    home().mkdir(parents=True, exist_ok=True)
    need_disk(home(), COLD_BUILD_MIB)
    folder = home() / "bin" / f"{sources_key()}-{version}"
    return _compile_into(folder)


def go_version() -> str | None:
    """For example `go1.26.1`, or None where there is no Go."""
    if not shutil.which("go"):
        return None
    return output("go", "env", "GOVERSION", options=HERE).strip()


def need_disk(folder: Path, mebibytes: int) -> None:
    """Stop early with a sentence rather than late with half a build."""
    free_mib = shutil.disk_usage(folder).free >> 20
    if free_mib < mebibytes:
        raise Problem(
            f"{folder} has {free_mib:,} MiB free and {mebibytes:,} MiB are needed; "
            "free some space, or set PHAROS_CACHE to a folder on a larger disk"
        )


def _compile_into(folder: Path) -> Binaries:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    total = _count_packages()
    flags = ("-trimpath", "-ldflags", " ".join(_link_flags()), "-o", f"{unfinished}/")
    with Progress("compiling Kubernetes (once, minutes)", total, "packages") as progress:
        _follow(("go", "build", "-v", *flags, *TARGETS), progress)
    pause_image.write(unfinished / "pause", unfinished / "pause.tar")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    _forget_old(folder.parent)
    print(f"compiled in {clock(progress.seconds)} into {folder}")
    return Binaries(folder)


def _count_packages() -> int:
    """How many packages the programs consist of; fetches their sources on the way."""
    with Progress("fetching Go modules", unit="modules") as progress:
        printed = _follow(("go", "list", "-deps", *TARGETS), progress, counted="go: downloading")
    return len(printed)


def _follow(command: tuple[str, ...], progress: Progress, counted: str = "") -> list[str]:
    """Run a Go command, counting the lines about its progress; returns what it printed."""
    with subprocess.Popen(
        words(command), cwd=SOURCES, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line.rstrip())
            progress.done += line.startswith(counted)
    if process.returncode:
        tail = "\n".join(lines[-15:])
        raise Problem(f"this command failed: {' '.join(command)}\n{tail}")
    return lines


def _link_flags() -> list[str]:
    """No symbol tables, and the version that `kubectl version` and the node report."""
    module = ("go", "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
    version = output(*module, options=HERE).strip()
    major, minor = version.lstrip("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    stamps = [f"-X={package}.{key}={text}" for package in packages for key, text in values.items()]
    return ["-s", "-w", *stamps]


def _forget_old(folder: Path) -> None:
    """Keep the newest builds, so that going back and forth between branches stays quick."""
    builds = sorted(folder.iterdir(), key=lambda build: build.stat().st_mtime, reverse=True)
    for build in builds[KEPT_BUILDS:]:
        shutil.rmtree(build, ignore_errors=True)
