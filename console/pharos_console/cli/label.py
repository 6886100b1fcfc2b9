"""``pharos label``: the predictions that a label would help most, and labels for them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from pharos_api.meta import span
from pharos_api.names import ENV_DATABASE_URL
from pharos_console.cli.app import Kubeconfig, Namespace, app, cluster, out
from pharos_console.errors import UsageError
from pharos_console.labelling.files import Told, read_labels, write_queue
from pharos_console.labelling.sampling import Candidate, chosen
from pharos_store.connecting import open_engine
from pharos_store.log_writing import write_log
from pharos_store.rows import LabelRow, LogBatch
from pharos_store.unlabelled import (
    UnlabelledQuestion,
    answered_requests,
    known_labels,
    texts_of,
    unlabelled,
)

_SHOWN_CHARACTERS = 1200
_SKIP, _QUIT = "s", "q"


@app.command()
def label(
    model: Annotated[str, typer.Argument(help="name of the Model")],
    database_url: Annotated[
        str, typer.Option("--database-url", envvar=ENV_DATABASE_URL, help="the prediction log")
    ] = "",
    count: Annotated[int, typer.Option(help="predictions at most", min=1)] = 20,
    since: Annotated[str, typer.Option(help="how far back, for example 7d")] = "7d",
    seed: Annotated[int, typer.Option(help="draws among those that are as uncertain", min=0)] = 0,
    export: Annotated[Path | None, typer.Option(help="write the queue to a file instead")] = None,
    file: Annotated[Path | None, typer.Option(help="take labels from such a file")] = None,
    namespace: Namespace = "",
    kubeconfig: Kubeconfig = None,
) -> None:
    """Label the most uncertain and disputed predictions, on the terminal or by a file."""
    if not database_url:
        raise UsageError(f"name the prediction log with --database-url or {ENV_DATABASE_URL}")
    where = namespace or cluster("", kubeconfig).namespace
    now = datetime.now(UTC)
    question = UnlabelledQuestion(where, model, now - _length(since), now)
    engine = open_engine(database_url)
    try:
        _label(engine, question, (count, seed), export, file)
    except SQLAlchemyError as error:
        # The driver's own words can hold the address, and with it the password.
        raise UsageError(f"the prediction log does not answer: {type(error).__name__}") from error
    finally:
        engine.dispose()


def _label(
    engine: Engine,
    question: UnlabelledQuestion,
    wanted: tuple[int, int],
    export: Path | None,
    file: Path | None,
) -> None:
    known = known_labels(engine, question)
    if not known:
        raise UsageError(f"no answer of {question.namespace}/{question.model} is in the log")
    if file is not None:
        _take(engine, question, read_labels(file, frozenset(known)))
        return
    queue = chosen(unlabelled(engine, question), *wanted)
    texts = texts_of(engine, [each.row.request_id for each in queue])
    if export is not None:
        out.print(f"{write_queue(export, queue, texts)} predictions: {export}")
        return
    if not queue:
        raise UsageError("no prediction with a text waits for a label; look further back: --since")
    _ask(engine, queue, texts, known)


def _take(engine: Engine, question: UnlabelledQuestion, told: list[Told]) -> None:
    """Write the labels of requests that the Model answered, and say which it did not."""
    answered = answered_requests(engine, question, [each.request_id for each in told])
    known = [each for each in told if each.request_id in answered]
    record(engine, known, question.until)
    out.print(f"{len(known)} labels written")
    strange = [each.request_id for each in told if each.request_id not in answered]
    if strange:
        some = ", ".join(strange[:5])
        raise UsageError(
            f"left out, for the log of {question.model} does not hold them: {some} "
            f"({len(strange)} in all)"
        )


def _ask(engine: Engine, queue: list[Candidate], texts: dict[str, str], known: list[str]) -> None:
    """Ask for one label after the other; each is written at once, so nothing is lost."""
    out.print("  ".join(f"{number} {name}" for number, name in enumerate(known, 1)))
    written = 0
    for number, each in enumerate(queue, 1):
        text = shown(texts.get(each.row.request_id, ""))
        out.print(f"\n[{number}/{len(queue)}] {each.row.predicted} ({each.why})\n{text}")
        answer = _answer(known, each.row.predicted)
        if answer == _QUIT:
            break
        if answer != _SKIP:
            record(engine, [Told(each.row.request_id, answer)], datetime.now(UTC))
            written += 1
    out.print(f"{written} labels written")


def _answer(known: list[str], predicted: str) -> str:
    while True:
        given = typer.prompt("label (number or name, s skips, q ends)", default=predicted).strip()
        named = meant(given, known)
        if named:
            return named
        out.print(f"{given!r} is none of the labels")


def meant(given: str, known: list[str]) -> str:
    """The label that a person means by its number or name, or s or q; empty for nothing. Pure."""
    if given in (*known, _SKIP, _QUIT):
        return given
    if given.isascii() and given.isdigit() and 1 <= int(given) <= len(known):
        return known[int(given) - 1]
    return ""


def shown(text: str) -> str:
    """The beginning of a text, without what would steer the terminal: strangers wrote it. Pure."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:_SHOWN_CHARACTERS])


def record(engine: Engine, told: Iterable[Told], at: datetime) -> None:
    """Write labels as a server's feedback would: onto the predictions and their shadows."""
    write_log(engine, LogBatch(labels=[LabelRow(t.request_id, t.label, at) for t in told]))


def _length(text: str) -> timedelta:
    try:
        return span(text)
    except ValueError as error:
        raise UsageError(str(error)) from error
