"""`python -m generated [--check]`: write all generated files, or fail when one is out of date."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from pharos_api.crdgen import files

CHECKOUT = Path(__file__).resolve().parents[2]
CHART = CHECKOUT / "helm" / "pharos"


def output(*module: str) -> str:
    """What `python -m …` prints."""
    command = (sys.executable, "-m", *module)
    return subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True, text=True).stdout


def crds() -> dict[Path, str]:
    """The CRDs, for `kubectl apply -f crds/` and for the chart."""
    folders = (CHECKOUT / "crds", CHART / "files" / "crds")
    return {folder / name: text for folder in folders for name, text in files().items()}


def bootstrap() -> dict[Path, str]:
    """What a gateway's Envoy starts with."""
    return {CHART / "files" / "envoy.yaml": output("pharos_operator.gateway.bootstrap")}


GENERATORS: tuple[Callable[[], dict[Path, str]], ...] = (crds, bootstrap)


def main() -> int:
    """Write or check."""
    check, stale = "--check" in sys.argv[1:], []
    for generator in GENERATORS:
        for path, text in generator().items():
            if path.exists() and path.read_text() == text:
                continue
            stale.append(path.relative_to(CHECKOUT))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    for path in stale:
        print(f"{'out of date' if check else 'wrote'}: {path}")
    if check and stale:
        print("run `make generate` and look at the difference")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
