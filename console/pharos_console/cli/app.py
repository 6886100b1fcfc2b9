"""The application object, what all commands share, and the one edge where errors become words."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pharos_console.cluster import Cluster

app = typer.Typer(
    name="pharos",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="From kubectl apply to a trained, proven and live text classifier.",
)
# Nobody reads a pipe's width: lines for programs are not folded as for a terminal of 80 columns.
_WIDTH = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 250
# Reasons and queries are people's words: square brackets and colons in them are no markup.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False, width=_WIDTH)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

Namespace = Annotated[
    str, typer.Option("--namespace", "-n", help="Kubernetes namespace", envvar="PHAROS_NAMESPACE")
]
Kubeconfig = Annotated[
    Path | None, typer.Option("--kubeconfig", help="kubeconfig file", envvar="KUBECONFIG")
]
Reason = Annotated[str, typer.Option("--reason", help="why; it is kept with the decision")]


def cluster(namespace: str, kubeconfig: Path | None) -> Cluster:
    """The cluster that the options name."""
    return Cluster(namespace, str(kubeconfig) if kubeconfig else None)
