"""What was found of a user, thing by thing, by one try or by several. Pure.

Each thing has a name, so that a try that was cut off and done again counts nothing twice.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Account:
    """Samples by data set, rows by file of raw papers, and the names of everything else.

    ``caches`` are token files and what killed processes had half written. ``models`` learnt from
    the samples, ``quoting`` versions hold a text in their reference answers.
    """

    samples: Mapping[str, int] = field(default_factory=dict)
    papers: Mapping[str, int] = field(default_factory=dict)
    caches: frozenset[str] = frozenset()
    reports: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    quoting: frozenset[str] = frozenset()

    def with_earlier(self, earlier: "Account") -> "Account":
        """Both together. What both have found counts as the earlier one found it."""
        return Account(
            {**self.samples, **earlier.samples},
            {**self.papers, **earlier.papers},
            self.caches | earlier.caches,
            self.reports | earlier.reports,
            self.models | earlier.models,
            self.quoting | earlier.quoting,
        )

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {name: _document(value) for name, value in asdict(self).items()}


def account_from_json(document: Mapping[str, Any]) -> Account:
    """As ``to_json`` wrote it; of an erasure that has found nothing yet, an empty one."""
    given = {one.name: document[one.name] for one in fields(Account) if one.name in document}
    return Account(**{name: _value(value) for name, value in given.items()})


def _document(value: Mapping[str, int] | frozenset[str]) -> dict[str, int] | list[str]:
    return dict(value) if isinstance(value, Mapping) else sorted(value)


def _value(document: dict[str, int] | list[str]) -> Any:
    return frozenset(document) if isinstance(document, list) else document
