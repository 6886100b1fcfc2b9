"""``pharos upload``: bring a file into the artifact store of a cluster."""

import re
from pathlib import Path
from typing import Annotated

import typer

from pharos_api.meta import NAME_PATTERN
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.upload import push


def _name(feed: str) -> str:
    if feed and not re.fullmatch(NAME_PATTERN, feed):
        raise typer.BadParameter(f"{feed} is no name; use lower case, digits and hyphens")
    return feed


@app.command()
def upload(
    file: Annotated[Path, typer.Argument(help="the file", exists=True, dir_okay=False)],
    feed: Annotated[
        str,
        typer.Option(
            callback=_name, help="keep it under this name, in place of the file that is there"
        ),
    ] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Copy a data set into the artifact store; prints the uri and sha256 for a TrainingRun.

    A Model that is retrained reads a feed: its uri stays, its content grows.
    """
    stored = push(cluster(namespace, kubeconfig), file, feed)
    out.print(f"uri: {stored.uri}\nsha256: {stored.sha256}")
