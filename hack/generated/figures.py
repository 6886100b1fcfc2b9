"""The measured part of docs/reference/figures.md, from what was recorded. Pure but for `page`.

`python -m delivery.report --record` writes the record; here it becomes tables. No figure is typed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "reference" / "figures.md"
RECORD = CHECKOUT / "benchmarks" / "delivery" / "figures.json"
RIVALS = CHECKOUT / "benchmarks" / "delivery" / "rivals.json"
BEGIN = "<!-- Generated from benchmarks/delivery/figures.json by `make generate`. Do not edit. -->"
END = "<!-- End of what is generated. -->"

Json = dict[str, Any]
ROLLBACKS = {
    "failing30": "30 % of the candidate's answers fail from its first request",
    "failing30At10Percent": "30 % fail, the candidate has 10 % of the users",
    "failing30At50AnArm": "30 % fail, each arm with 50 requests/s",
    "failing30WithoutPrometheus": "30 % fail, and Prometheus is away",
    "failing6": "6 % fail from its first request",
    "from1to6": "as bad as control (1 %) for a minute, then 6 %",
    "from1to6At50AnArm": "from 1 % to 6 %, each arm with 50 requests/s",
    "healthy": "as good as control (1 % of both fail)",
    "healthyWithoutPrometheus": "as good as control, and Prometheus goes away for 2 minutes",
}
WANTED = {
    "failing30": "3 s",
    "failing30At50AnArm": "3 s",
    "from1to6": "12 s",
    "from1to6At50AnArm": "12 s",
}


def page(text: str) -> str:
    """The page with its generated part made anew; as it is while nothing is recorded."""
    if not RECORD.exists() or BEGIN not in text:
        return text
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = block(json.loads(RECORD.read_text()), json.loads(RIVALS.read_text()))
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def block(figures: Json, rivals: Json) -> str:
    """All tables, as Markdown."""
    parts = (_circumstances(figures), *targets(figures), "", *beside(figures, rivals))
    return "\n".join(parts)


def targets(figures: Json) -> Iterator[str]:
    """What was wanted beside what was measured."""
    yield "| what | wanted | measured |"
    yield "| --- | --- | --- |"
    for what, wanted, measured in _rows(figures):
        yield f"| {what} | {wanted} | {measured} |"


def beside(figures: Json, rivals: Json) -> Iterator[str]:
    """Rollbacks here and with the rivals, on one clock."""
    yield "| what | setting | runs | seconds: median (least to most) | failed requests, median |"
    yield "| --- | --- | --- | --- | --- |"
    for key, said in ROLLBACKS.items():
        found = figures["rollback"].get(key)
        if found:
            yield f"| Pharos, {said} | {_load(found)} | {_runs(found)} | {_spread(found)} | " + (
                f"{_plain(found['failedRequestsMedian'])} |"
            )
    for rival in rivals["rollback"]:
        yield (
            f"| {rival['tool']}, {rival['badPercent']} % fail | {rival['setting']} | "
            f"{rival['runs']} | {_spread(rival)} | {_plain(rival['failedRequestsMedian'])} |"
        )
    for rival in rivals["withoutPrometheus"]:
        after = f" after {rival['afterS']} s" if rival["lost"] else ""
        yield (
            f"| {rival['tool']}, healthy, Prometheus away | {rival['setting']} | "
            f"{rival['runs']}, {rival['lost']} of them lost{after} | | |"
        )
    yield ""
    yield f"{rivals['clock']} The rivals: {rivals['how']}"


def _circumstances(figures: Json) -> str:
    machine, versions = figures["machine"], figures["versions"]
    return (
        f"Measured {figures['measuredAt'][:10]} by `make bench-delivery` at commit "
        f"{machine['commit']}: {machine['cores']} cores of {machine['processor']}, "
        f"{machine['memoryGiB']} GiB, Envoy {versions['envoy']}, Python {machine['python']}. "
        "The models' pods are played by small servers; all else is real.\n"
    )


def _rows(figures: Json) -> Iterator[tuple[str, str, str]]:
    weights, rollback = figures["weightChanges"], figures["rollback"]
    yield (
        "changes of weights under load",
        "1,000 at 1,000 requests/s or more, 0 failed, 0 on the wrong arm",
        f"{weights['count']:,} at {_plain(weights['requestsPerSecond'])}/s: {weights['failed']} "
        f"failed, {weights['misrouted']} on the wrong arm, of {weights['requests']:,}",
    )
    yield (
        "a change until every gateway confirms it",
        "",
        f"{weights['ackP50Ms']} ms (median), {weights['ackP95Ms']} ms (95 %)",
    )
    for key, wanted in WANTED.items():
        found = rollback.get(key)
        if found:
            yield (
                f"first bad answer until all traffic is back: {ROLLBACKS[key]} ({_load(found)})",
                f"95 % within {wanted}",
                f"{found['p95S']} s; rolled back in {found['rolledBack']} of {found['runs']} runs",
            )
    yield from _healthy(figures["falseRollbacks"].get("onTheRealPath", {}))
    yield from _simulated(figures)


def _healthy(real: Json) -> Iterator[tuple[str, str, str]]:
    for key, found in real.items():
        yield f"canaries lost: {ROLLBACKS[key]}", "none", f"{found['lost']} of {found['runs']}"


def _simulated(figures: Json) -> Iterator[tuple[str, str, str]]:
    false, error, samples = figures["falseRollbacks"], figures["typeI"], figures["samples"]
    yield (
        "healthy rollouts of 100,000 requests that are lost (simulated)",
        "1 % at most",
        f"{_percent(false['share'])} of {false['rollouts']:,}",
    )
    yield (
        "equal versions called different (simulated, a look at every event)",
        "5 % at most",
        f"{_percent(error['share'])} of {error['experiments']:,}",
    )
    yield (
        "samples to a right decision, against the fixed horizon (simulated)",
        "75 % at the planned effect, 40 % at 3 times",
        f"{_percent(samples['plannedRatio'])} and {_percent(samples['tripleRatio'])}",
    )


def _load(found: Json) -> str:
    return f"{found['percent']} % of {_plain(found['requestsPerSecond'])} requests/s"


def _runs(found: Json) -> str:
    return f"{found['runs']}, {found['rolledBack']} of them rolled back"


def _spread(found: Json) -> str:
    if found["medianS"] is None:
        return "never"
    low, high = _plain(found["minS"]), _plain(found["maxS"])
    return f"{_plain(found['medianS'])} ({low} to {high})"


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:,.1f}".removesuffix(".0")


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
