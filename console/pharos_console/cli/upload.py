"""``pharos upload``: bring a file into the artifact store of a cluster."""

from pathlib import Path
from typing import Annotated

import typer

from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.upload import push


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="the file", exists=True, dir_okay=False)],
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Copy a data set into the artifact store; prints the uri and sha256 for a TrainingRun."""
    stored = push(cluster(namespace, kubeconfig), file)
    out.print(f"uri: {stored.uri}\nsha256: {stored.sha256}")
