"""The report of one look at drift, for people (HTML) and for programs (JSON). Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pharos_api.checking import CheckedVersion
from pharos_api.model import DriftWatch
from pharos_api.retraining import DriftReading
from pharos_jobs.core.divergence import Divergence
from pharos_jobs.core.drift import Measured, Part, ToldWord, drifts
from pharos_jobs.drift.page import (
    Cell,
    bars,
    heading,
    legend,
    mark,
    number,
    page,
    paragraph,
    table,
    words,
)

_WHAT: Mapping[Part, tuple[str, str]] = {
    Part.LENGTH: ("Length of texts", "in words"),
    Part.WORDING: (
        "Wording of texts",
        "bits of information in a text's words, judged by those of the training texts: more bits "
        "are less familiar words",
    ),
    Part.PREDICTION: ("Predicted labels", "against the predictions on the test split"),
    Part.LABEL: ("True labels", "that users gave, against the classes of the data set"),
    Part.CONFIDENCE: ("Confidence", "against that on the test split"),
}


@dataclass(frozen=True, slots=True)
class DriftStory:
    """All that a report tells."""

    version: CheckedVersion
    watch: DriftWatch
    results: tuple[Measured, ...]
    reading: DriftReading
    rose: tuple[ToldWord, ...]
    fell: tuple[ToldWord, ...]


def drift_document(story: DriftStory) -> dict[str, Any]:
    """The report for programs."""
    return {
        "version": story.version.version,
        "datasetSha256": story.version.dataset_sha256,
        "watch": story.watch.to_json(),
        "reading": story.reading.model_dump(by_alias=True, mode="json"),
        "parts": [_part(each) for each in story.results],
        "words": {
            "risen": [asdict(word) for word in story.rose],
            "fallen": [asdict(word) for word in story.fell],
        },
    }


def drift_page(story: DriftStory) -> str:
    """The report for people, as one HTML file."""
    title = f"Drift since {story.version.name} was trained"
    return page(title, _parts(story))


def _parts(story: DriftStory) -> Iterator[str]:
    limit = float(story.watch.above)
    found = ", ".join(story.reading.detected)
    yield paragraph(
        f"Drift was detected: {found}." if found else "No drift was detected.",
    )
    yield paragraph(
        f"{story.reading.texts} predictions of the last {story.watch.window} against what "
        f"{story.version.version} was trained on and how it answered its test split. A score is "
        "the population stability index without what chance gives: 0 is the same distribution, "
        f"drift is detected above {story.watch.above}.",
        soft=True,
    )
    heads = ("What", "Values", "Index", "Of chance", "Score", "")
    yield table(heads, [_summary(each, limit) for each in story.results])
    for each in story.results:
        if each.divergence is not None:
            yield from _bins(each.part, each.divergence)
    yield from _words("Words that came more often", story.rose)
    yield from _words("Words that came less often", story.fell)


def _summary(result: Measured, limit: float) -> list[Cell]:
    name, _ = _WHAT[result.part]
    found = result.divergence
    if found is None:
        last = words(result.missing)
        return [words(name), number(result.values), number(None), number(None), number(None), last]
    verdict = mark("drift", "bad") if drifts(found, limit) else mark("no drift", "good")
    figures = [number(value, 3) for value in (found.index, found.noise, found.score)]
    return [words(name), number(result.values), *figures, verdict]


def _bins(part: Part, found: Divergence) -> Iterator[str]:
    name, unit = _WHAT[part]
    before, now = sum(b.reference for b in found.bins), sum(b.window for b in found.bins)
    shares = [(b, b.reference / max(1, before), b.window / max(1, now)) for b in found.bins]
    longest = max(max(r, w) for _, r, w in shares) or 1.0
    yield heading(name)
    yield paragraph(f"{unit[0].upper()}{unit[1:]}.", soft=True)
    yield legend("learnt from", "seen now")
    yield table(
        (part.value, "Before %", "Now %", ""),
        [
            [words(b.name), number(100 * r, 1), number(100 * w, 1), bars(r / longest, w / longest)]
            for b, r, w in shares
        ],
    )


def _words(title: str, told: tuple[ToldWord, ...]) -> Iterator[str]:
    if not told:
        return
    longest = max(max(word.before, word.now) for word in told)
    yield heading(title)
    yield paragraph("Percent of texts that hold the word.", soft=True)
    yield table(
        ("Word", "Before %", "Now %", ""),
        [
            [
                words(each.word),
                number(100 * each.before, 1),
                number(100 * each.now, 1),
                bars(each.before / longest, each.now / longest),
            ]
            for each in told
        ],
    )


def _part(result: Measured) -> dict[str, Any]:
    found = result.divergence
    if found is None:
        return {"part": result.part.value, "values": result.values, "missing": result.missing}
    return {
        "part": result.part.value,
        "values": result.values,
        "index": found.index,
        "expectedOfChance": found.noise,
        "score": found.score,
        "pValue": found.p_value,
        "bins": [asdict(each) for each in found.bins],
    }
