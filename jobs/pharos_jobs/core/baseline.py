"""The linear model that a trained one has to beat: TF-IDF of words and pairs, and a linear SVM."""

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import f1_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import LinearSVC

from pharos_jobs.core.papers import Sample

_MAX_FEATURES = 300_000
_FEW = 500
_REGULARISATION = 0.5


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the linear model reaches on a set, in 0..1."""

    accuracy: float
    macro_f1: float


def linear_baseline(train: Sequence[Sample], test: Sequence[Sample], seed: int) -> Baseline:
    """Train the baseline and measure it. Deterministic for one seed."""
    return measured(fitted(train, seed), test)


def fitted(train: Sequence[Sample], seed: int) -> Pipeline:
    """The trained baseline: texts in, labels out."""
    vectoriser = TfidfVectorizer(
        ngram_range=(1, 2),
        sublinear_tf=True,
        stop_words="english",
        min_df=2 if len(train) >= _FEW else 1,
        max_features=_MAX_FEATURES,
    )
    model = make_pipeline(vectoriser, LinearSVC(C=_REGULARISATION, random_state=seed))
    model.fit([s.text for s in train], [s.label for s in train])
    return model


def measured(model: Pipeline, samples: Sequence[Sample]) -> Baseline:
    """What the trained baseline reaches on samples."""
    truth = [s.label for s in samples]
    predicted = model.predict([s.text for s in samples])
    right = sum(t == p for t, p in zip(truth, predicted, strict=True))
    return Baseline(right / len(samples), float(f1_score(truth, predicted, average="macro")))
