"""``pharos run``: a TrainingRun as local processes, without any cluster."""

import uuid
from pathlib import Path
from typing import Annotated

import typer

from pharos_api.meta import Metadata
from pharos_api.model import Model
from pharos_api.trainingrun import TrainingRun
from pharos_api.versioning import trained_architecture
from pharos_console.cli.app import app, out
from pharos_console.errors import UsageError
from pharos_console.local.records import Made, Records
from pharos_console.local.runner import LocalRun, execute
from pharos_console.manifests import read_objects


@app.command()
def run(
    file: Annotated[Path, typer.Option("--filename", "-f", help="YAML of a TrainingRun")],
    home: Annotated[Path, typer.Option(help="folder for artifacts and rows")] = Path("build/local"),
) -> None:
    """Run a TrainingRun on this machine: same steps, files for artifacts, SQLite for rows."""
    plan, records = prepare(file, home.resolve())
    out.print(f"{plan.run.metadata.name}: artifacts and rows in {home}")
    outputs: dict[str, str] = {}
    metrics: dict[str, str] = {}
    for step in execute(plan):
        outputs |= step.result.outputs
        metrics |= step.result.metrics
        numbers = ", ".join(f"{key} {value}" for key, value in step.result.metrics.items())
        out.print(f"  {step.name.value:<9} {step.seconds:8.1f} s  {numbers}")
        for warning in step.result.warnings:
            out.print(f"            {warning}", style="yellow")
    made = Made(trained_architecture(plan.run.spec.trainer), outputs, metrics)
    records.register(plan.uid, plan.model.metadata.name, made)
    out.print(f"registered {outputs['version']}: {outputs['modelUri']}")


def prepare(file: Path, home: Path) -> tuple[LocalRun, Records]:
    """What to run. The same file again is the same run: it resumes instead of starting over."""
    objects = read_objects(file)
    runs = [one for one in objects if isinstance(one, TrainingRun)]
    if len(runs) != 1:
        raise UsageError(f"{file} must hold exactly one TrainingRun, it holds {len(runs)}")
    name = runs[0].spec.model_ref.name
    models = [one for one in objects if isinstance(one, Model) and one.metadata.name == name]
    model = models[0] if models else Model(metadata=Metadata(name=name))
    home.mkdir(parents=True, exist_ok=True)
    records = Records(f"sqlite:///{home / 'pharos.db'}")
    uid = str(uuid.uuid5(uuid.NAMESPACE_URL, runs[0].spec.model_dump_json()))
    version = records.version_of(name, uid)
    artifacts = f"file://{home / 'artifacts'}"
    plan = LocalRun(runs[0], model, uid, artifacts, records.registered(name), version)
    return plan, records
