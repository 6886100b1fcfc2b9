"""``pharos predict``: labels for the rows of a file, without a server."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from pharos_console.cli.app import app


@app.command()
def predict(
    model: Annotated[Path, typer.Option(help="folder of a version: the one with manifest.json")],
    source: Annotated[
        Path, typer.Option("--input", help="JSON Lines with title and abstract; may be gzipped")
    ],
    target: Annotated[Path, typer.Option("--output", help="the same rows with label and scores")],
) -> None:
    """Classify the rows of a JSON Lines file; they keep their order and their other fields."""
    command = [sys.executable, "-m", "pharos_jobs", "predict", "--model", str(model)]
    command += ["--input", str(source), "--output", str(target)]
    raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module
