"""What is said to forget a user, and the receipt of it.

The user's id goes to the Job by its standard input and is written nowhere: a receipt names the user
by the mark of their keyed hash alone.
"""

from pydantic import Field

from pharos_api.meta import Spec, Status, Time


class ErasureInput(Spec):
    """Whom to forget and where to look. ``archives`` are the archive URIs of all Models."""

    user: str = Field(min_length=1, max_length=1000)
    reason: str = Field(min_length=1, max_length=1000)
    artifact_root: str
    archives: list[str] = Field(default_factory=list)


class ErasureReceipt(Status):
    """What was erased, by all erasures of the user together.

    ``models`` were trained on a text of the user, by path in the store: versions, and what lies in
    runs.

    ``reports`` on drift went because they named words.

    ``known`` says whether anything of the user was found, now or by an earlier erasure, whose
    moment is ``earlier``. ``left`` says in sentences what is not reached.
    """

    user_mark: str
    reason: str
    at: Time
    known: bool
    earlier: Time | None = None
    predictions: int = 0
    feedback: int = 0
    samples: int = 0
    raw_papers: int = 0
    datasets: dict[str, str] = Field(default_factory=dict)
    caches: int = 0
    reports: int = 0
    models: list[str] = Field(default_factory=list)
    left: list[str] = Field(default_factory=list)
