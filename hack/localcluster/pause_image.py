"""Packs the pause program, which every pod needs, as an image with one layer and one file."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path

NAME = "docker.io/pharos/pause:1"
GO_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write(program: Path, archive: Path) -> None:
    """Write the archive; equal programs give equal bytes."""
    layer = _tar({"pause": program.read_bytes()})
    machine = platform.machine()
    config = {
        "architecture": GO_ARCHITECTURES.get(machine, machine),
        "os": "linux",
        "config": {"Entrypoint": ["/pause"], "User": "65532"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    parts = {
        "config.json": json.dumps(config).encode(),
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest).encode(),
    }
    archive.write_bytes(_tar(parts))


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
