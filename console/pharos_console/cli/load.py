"""``pharos load``: open-loop traffic of real texts with user ids, and labels on demand."""

import asyncio
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.cluster import Cluster
from pharos_console.errors import UsageError
from pharos_console.load.answers import Answer, summarise
from pharos_console.load.gateway import gateway_url
from pharos_console.load.generator import Generator, Plan
from pharos_console.load.routes import RouteLog
from pharos_console.load.texts import Text, packaged_texts, read_texts


@app.command()
def load(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    rate: Annotated[float, typer.Option(min=0.1, max=5000, help="requests a second")] = 10.0,
    duration: Annotated[float, typer.Option(min=0.1, help="seconds")] = 60.0,
    users: Annotated[int, typer.Option(min=1, help="number of distinct users")] = 1000,
    feedback: Annotated[float, typer.Option(min=0, max=1, help="share with true labels")] = 0.0,
    texts: Annotated[
        Path | None, typer.Option(envvar="PHAROS_DATASET", help="JSONL of papers")
    ] = None,
    url: Annotated[str, typer.Option(help="gateway, default: found in the cluster")] = "",
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Send traffic to a model's endpoint and check that every user meets the right arm."""
    target = cluster(namespace, kubeconfig)
    endpoint = f"{url or gateway_url(target)}/models/{target.namespace}/{model}"
    plan = Plan(endpoint, rate, duration, users, feedback)
    answers: list[Answer] = []
    with RouteLog(target, model) as routes:
        generator = Generator(plan, _texts(target, model, texts), answers.append)
        asyncio.run(generator.run())
        summary = summarise(answers, routes.known())
    out.print_json(json.dumps(asdict(summary)))
    if summary.failed or summary.users_on_wrong_arm:
        raise typer.Exit(1)


def _texts(target: Cluster, model: str, path: Path | None) -> list[Text]:
    labels = _labels(target, model)
    if path:
        return read_texts(path, labels, seed=42)
    # A label that the model does not know would only be refused.
    return [
        text if text.label in labels else replace(text, label="")
        for text in packaged_texts(seed=42)
    ]


def _labels(target: Cluster, model: str) -> list[str]:
    """The Model's labels, else those of its version in production."""
    found = target.get(Model, model)
    if found.spec.labels:
        return found.spec.labels
    if found.status.production is None:
        raise UsageError(f"Model {model} has no version in production: there is nobody to ask")
    return target.get(ModelVersion, found.status.production.name).spec.labels
