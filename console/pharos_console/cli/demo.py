"""``pharos demo``: the whole circle on this machine, with a report at the end."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pharos_api.model import Model
from pharos_console.cli.app import app, out
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.display import Display
from pharos_console.demo.ingredients import Ingredients, choose
from pharos_console.demo.report import Story, problems, report
from pharos_console.demo.scenario import Scenario
from pharos_console.demo.stage import NAMESPACE, Stage
from pharos_console.demo.traffic import Traffic
from pharos_console.errors import UsageError
from pharos_console.load.gateway import gateway_url
from pharos_console.load.generator import Plan
from pharos_console.load.routes import RouteLog
from pharos_console.load.texts import Text, packaged_texts, read_texts
from pharos_console.upload import push


@app.command()
def demo(
    rate: Annotated[float, typer.Option(min=1, max=200, help="requests a second")] = 15.0,
    checkout: Annotated[Path, typer.Option(help="the checkout of Pharos")] = Path(),
) -> None:
    """Start a cluster, train, serve, promote a better version and roll a broken one back."""
    display = Display(out)
    ingredients = choose()
    display.say(f"data: {ingredients.data_reason}")
    display.say(f"base model: {ingredients.base_model}, {ingredients.model_reason}")
    stage = Stage(checkout.resolve())
    stage.build(display)
    os.environ.setdefault("PHAROS_KUBECTL", f"{stage.cluster_tool} kubectl")
    cluster = Cluster(NAMESPACE, stage.kubeconfig())
    story = tell(display, cluster, ingredients, rate)
    out.print(f"endpoint: {gateway_url(cluster)}/models/{NAMESPACE}/{objects.MODEL}/v1/classify")
    finish(display, story, checkout / "build" / "demo" / "report.json")


def tell(display: Display, cluster: Cluster, ingredients: Ingredients, rate: float) -> Story:
    """Play the scenario on a prepared cluster and return what was seen."""
    stored = None
    if ingredients.file:
        display.say(f"uploading {ingredients.file.name} into the artifact store")
        stored = push(cluster, ingredients.file)
    scenario = Scenario(cluster, display, ingredients, stored)
    cluster.apply(objects.model(ingredients))
    first = scenario.train("demo-first", objects.FIRST)
    scenario.wait_until_live(first.status.version)
    traffic = _traffic(cluster, ingredients, rate)
    display.say(f"traffic: {rate:.0f} requests a second of real texts")
    with RouteLog(cluster, objects.MODEL) as routes:
        traffic.start()
        watched = []
        for name, size, fault in (
            ("demo-better", objects.BETTER, ""),
            ("demo-broken", objects.BROKEN, "error:0.3"),
        ):
            mark = len(traffic.answers)
            run = scenario.train(name, size, fault)
            watched.append(scenario.watch_experiment(run.status.version, traffic, mark))
        traffic.stop()
        model = cluster.get(Model, objects.MODEL)
        return Story(
            cluster=cluster.facts(),
            source=ingredients.data_reason,
            runs=scenario.runs(),
            versions=scenario.versions(),
            watched=watched,
            model=model,
            routes=routes.known(),
            total_s=display.elapsed_s,
        )


def _traffic(cluster: Cluster, ingredients: Ingredients, rate: float) -> Traffic:
    url = f"{gateway_url(cluster)}/models/{cluster.namespace}/{objects.MODEL}"
    plan = Plan(url, rate, duration_s=None, users=2000, feedback_share=0.2)
    return Traffic(plan, _texts(ingredients))


def _texts(ingredients: Ingredients) -> list[Text]:
    if ingredients.file:
        return read_texts(ingredients.file, ingredients.labels, seed=7)
    news = packaged_texts(seed=7)
    if ingredients.from_arxiv:
        return [replace(text, label="") for text in news]
    return news


def finish(display: Display, story: Story, path: Path) -> None:
    """Write the report, print the table, and fail when a promise was not kept."""
    found = report(story)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    out.print(_table(found))
    display.say(f"report: {path}")
    wrong = problems(found)
    if wrong:
        raise UsageError("; ".join(wrong))


def _table(found: dict[str, Any]) -> Table:
    title = f"production: {found['production']}, {found['totalSeconds']} s in all"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("EXPERIMENT", "VERDICT", "REQUESTS", "FAILED", "WRONG ARM", "TO ROLLBACK"):
        table.add_column(column, overflow="fold")
    for one in found["experiments"]:
        rollback = one["secondsToRollback"]
        table.add_row(
            one["name"],
            one["verdict"],
            str(one["requests"]),
            str(one["failedRequests"]),
            str(one["usersOnWrongArm"]),
            "-" if rollback is None else f"{rollback:.1f} s",
        )
    return table
