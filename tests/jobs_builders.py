"""Small papers, samples and step inputs for the tests of the jobs."""

import random
from pathlib import Path
from typing import Any

from pharos_api.jobio import StepInput
from pharos_api.trainingrun import StepName
from pharos_jobs.core.papers import Paper, Sample


def _words(text: str) -> list[str]:
    return text.split()


WORDS = {
    "cs.AI": _words("planning agents reason about beliefs and search for plans with logic"),
    "cs.RO": _words("robots grasp objects while arms move along a trajectory with sensors"),
    "cs.DB": _words("queries join tables and indexes answer transactions over relations"),
}
FILLER = _words(
    "the paper shows that a new method works better than what was known before and we measure "
    "this on several sets of examples with care and discuss where it fails and why"
)


def abstract(topic: str, seed: int, words: int = 60) -> str:
    """English-looking words of a topic, drawn by the seed."""
    drawn = random.Random(f"{topic}-{seed}")
    return " ".join(drawn.choice(WORDS[topic] + FILLER) for _ in range(words)) + "."


def paper(topic: str = "cs.AI", seed: int = 0, **changes: Any) -> Paper:
    """A paper that every rule accepts."""
    given: dict[str, Any] = {
        "id": f"{topic}-{seed:04d}",
        "title": f"On {topic} number {seed}",
        "abstract": abstract(topic, seed),
        "categories": (topic,),
    }
    return Paper(**{**given, **changes})


def papers(topics: tuple[str, ...] = ("cs.AI", "cs.RO"), each: int = 20) -> list[Paper]:
    """The same number of papers of each topic."""
    return [paper(topic, seed) for topic in topics for seed in range(each)]


def sample(topic: str = "cs.AI", seed: int = 0, **changes: Any) -> Sample:
    """A clean sample."""
    given = {
        "text": abstract(topic, seed),
        "label": topic,
        "arxiv_id": f"{topic}-{seed}",
        "title": f"{topic} {seed}",
    }
    return Sample(**{**given, **changes})


def step_input(root: Path, step: StepName, **changes: Any) -> StepInput:
    """An input of a run on ``file://``; ``changes`` are fields as they stand in JSON."""
    given: dict[str, Any] = {
        "step": step,
        "namespace": "default",
        "run": "run-1",
        "uid": "uid-1",
        "model": "topics",
        "artifactRoot": root.as_uri(),
        "data": {
            "source": {"dataset": {"uri": "file:///nowhere.jsonl"}},
            "minPapersPerClass": 10,
        },
        "trainer": {},
    }
    return StepInput.model_validate({**given, **changes})
