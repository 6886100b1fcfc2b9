"""The serving table of the targets, line by line, and what stands beside it. Pure.

The physical limit of a line is what no server could pass on this machine with this model in the
precision that serves: the operations of the texts at the processor's measured peak.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

Json = dict[str, Any]
_OURS, _CASCADE, _PEER = "pharos", "pharos-cascade", "transformers-pipeline"
_SAID = {
    _PEER: "`transformers` pipeline behind FastAPI",
    _OURS: "Pharos",
    _CASCADE: "Pharos, the recipe Cascade",
    "pharos-one-stream": "Pharos, one stream of all cores",
    "pharos-onnx-runtime": "Pharos, ONNX Runtime in 32 bits",
    "infinity-emb": "infinity, engine torch",
    "infinity-emb-optimum": "infinity, engine optimum (ONNX Runtime)",
    "mlserver": "MLServer, `mlserver-huggingface`",
    "litserve": "LitServe, batches of 8 at most",
}
_LAYOUTS = {
    "aStreamForEachCore": "a stream for each core",
    "oneStream": "one stream of all cores",
    "moreThreadsThanCores": "a stream for each core, all cores each",
    "bothCompiled": "the first two beside each other",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A target: what is wanted, what was measured, what is possible, and whether it was reached."""

    what: str
    wanted: str
    measured: str
    limit: str
    reached: bool

    def to_json(self) -> Json:
        """As in the result file."""
        return asdict(self)


def lines(found: Json) -> list[Line]:
    """A line for each target."""
    return [*_speed(found), *_cost(found), *_hot_path(found), *_cascade(found)]


def _speed(found: Json) -> Iterator[Line]:
    rate, p95, limit = found["requestsPerSecond"], found["p95OfThePipelines"], found["limit"]
    times = found["timesThePipeline"][_OURS]
    yield Line(
        "requests/s at equal cores, true lengths, open loop",
        "4.5 times the pipeline's",
        f"{times:.1f} times ({rate[_OURS]:.1f} against {rate[_PEER]:.1f})",
        f"{limit['requestsPerSecond']:.0f}/s",
        times >= 4.5,
    )
    beside = _best_rival(rate)
    yield Line(
        "the same against the fastest other server",
        "",
        f"{rate[_OURS] / rate[beside]:.1f} times ({_SAID[beside]}: {rate[beside]:.1f})",
        "",
        rate[_OURS] > rate[beside],
    )
    ours_ms = found["p95MsAtTheLoadThePipelineHolds"][_OURS]
    yield Line(
        f"p95 at the load that the pipeline can just hold "
        f"({found['speed']['heldRatePerSecond']:.1f}/s)",
        "1/4 of the pipeline's",
        f"{p95[_OURS]:.2f} of it ({ours_ms:.0f} ms)",
        f"{limit['p95Ms']:.0f} ms",
        p95[_OURS] <= 0.25,
    )


def _best_rival(rate: dict[str, float]) -> str:
    rivals = [name for name in rate if not name.startswith(_OURS)]
    return max(rivals, key=lambda name: rate[name])


def _cost(found: Json) -> Iterator[Line]:
    limit, variants = found["limit"], found["accuracy"]["variants"]
    lost = -min(each["differencePoints"] for each in variants.values())
    yield Line(
        f"points of accuracy given up by quantising (serves: {limit['engine']})",
        "0.3 at most, else the export falls back",
        f"{max(0.0, lost):.2f}",
        "0",
        lost <= 0.3,
    )
    memory = found["memoryMiB"][_OURS]
    yield Line(
        "memory of a replica",
        "300 MiB",
        f"{memory} MiB",
        f"{limit['weightsMiB']:.0f} MiB (the weights)",
        memory <= 300,
    )
    fraction = limit["fraction_of_peak"]
    yield Line(
        "`fraction_of_peak`: share of the processor's measured peak",
        "0.75",
        f"{fraction:.2f}",
        "1",
        fraction >= 0.75,
    )


def _hot_path(found: Json) -> Iterator[Line]:
    padding = found["limit"]["shareOfOperationsOnPadding"]
    yield Line(
        "share of the operations spent on padding",
        "none",
        f"{100 * padding:.1f} %",
        "0 %",
        padding <= 0,
    )
    flood = found["speed"]["flood"]
    answered = flood["requests"] - flood["refused"] - flood["failed"]
    yield Line(
        f"offered {flood['offeredPerSecond']:.0f}/s: a full queue refuses with 429, nothing fails",
        "0 failed",
        f"{answered} answered, {flood['refused']} refused, {flood['failed']} failed",
        "",
        flood["failed"] == 0 and flood["refused"] > 0,
    )


def _cascade(found: Json) -> Iterator[Line]:
    cascade = found["cascade"]
    times, low = cascade["timesThePipelinePerCpuSecond"], cascade["againstTheEncoder"]["low"]
    yield Line(
        "requests a CPU second, the recipe Cascade",
        "10 times the pipeline's",
        f"{times:.1f} times",
        "",
        times >= 10,
    )
    yield Line(
        "its accuracy against the encoder alone, low end of the 90 % interval",
        "-0.5 points",
        f"{low:+.1f} points",
        "",
        low >= -0.5,
    )


def page(document: Json) -> Iterator[str]:
    """All tables as Markdown, from the result file."""
    yield _circumstances(document)
    yield ""
    yield "| what | wanted | measured | physical limit | |"
    yield "| --- | --- | --- | --- | --- |"
    for line in document["lines"]:
        verdict = "reached" if line["reached"] else "**missed**"
        cells = [line[key] for key in ("what", "wanted", "measured", "limit")]
        yield f"| {' | '.join(cells)} | {verdict} |"
    yield ""
    yield from _servers(document)
    yield ""
    yield from _layouts(document["layouts"]["measured"])


def _circumstances(document: Json) -> str:
    about, limit = document["machine"], document["limit"]
    accuracy = document["accuracy"]
    return (
        f"Measured {document['measuredAt'][:10]} by `make bench-serving` at commit "
        f"{about['commit']}: {about['cores']} cores of {about['processor']}, "
        f"load average {about['loadAverage'][1]}; six layers of width "
        f"{document['speed']['sizes']['hidden_size']}, {accuracy['papers']} papers of "
        f"{accuracy['tokens']['mean']:.0f} tokens in the mean, "
        f"{limit['gigaOperationsPerText']:.1f} billion operations each; the peak of a core is "
        f"{document['peak']['bf16']:.0f} billion a second in bf16, {document['peak']['int8']:.0f} "
        f"in int8. Server and client share the cores."
    )


def _servers(document: Json) -> Iterator[str]:
    yield (
        "| server | requests/s | times the pipeline's | CPU ms a request | p50, p95 ms at its load "
        "| MiB | same label |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    rate = document["requestsPerSecond"]
    for name in sorted(rate, key=lambda name: -rate[name]):
        yield f"| {' | '.join(_server(document, name))} |"
    for name, reason in document["absent"].items():
        yield f"| {_SAID[name]} | not measured: {reason.splitlines()[-1]} | | | | | |"


def _server(document: Json, name: str) -> list[str]:
    rate, held = document["requestsPerSecond"], document["speed"]["held"][name]
    p50, p95 = (sorted(each[key] for each in held)[len(held) // 2] for key in ("p50Ms", "p95Ms"))
    failed = sum(each["failed"] for each in held)
    return [
        _SAID[name],
        f"{rate[name]:.1f}",
        f"{rate[name] / rate[_PEER]:.1f}",
        f"{document['cpuMsPerRequest'][name]:.1f}",
        f"{p50:.0f}, {p95:.0f}" + (f" ({failed} failed)" if failed else ""),
        f"{document['memoryMiB'][name]}",
        f"{100 * document['agreement'][name]:.0f} %",
    ]


def _layouts(measured: Json) -> Iterator[str]:
    yield "| the engine alone | p50, p95 ms of a lone text | texts/s | MiB |"
    yield "| --- | --- | --- | --- |"
    for name, said in _LAYOUTS.items():
        each = measured[name]
        yield (
            f"| {said} | {each['p50Ms']:.1f}, {each['p95Ms']:.1f} | "
            f"{each['textsPerSecond']:.1f} | {each['engineMiB']} |"
        )
