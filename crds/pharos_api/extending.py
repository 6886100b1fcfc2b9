"""What of a source is new: the same source, asked only for what came since a day.

The check that counts new papers and the run that learns from them ask alike. Collects nothing.
"""

from datetime import date, timedelta

from pharos_api.data import ArxivSource, Data, DatasetSource, Extension, QueriedSource, Source

# Sources list a paper days after the day that it carries; what is known already is left out later.
LATE_DAYS = 7


def since(source: Source, day: str) -> Source:
    """The source from a week before that day (``2026-11-23``) on.

    One that asks by no date is left as it is.

    Raises ValueError where the source ends before that day: it can have nothing new.
    """
    given = source.given
    match given:
        case ArxivSource() | QueriedSource():
            return _moved(source, given, day)
        case DatasetSource():
            return source


def extended(data: Data, extension: Extension, day: str) -> Data:
    """The data set of a retraining: what the source has new since ``day``, joined to the old one.

    Raises ValueError as ``since`` does.
    """
    return data.model_copy(update={"source": since(data.source, day), "extends": extension})


def last_day(source: Source, today: str) -> str:
    """The last day of the papers that a source gave on the day ``today``."""
    end = getattr(source.given, "end_date", None)
    return today if end is None else min(end, today)


def _moved(source: Source, given: ArxivSource | QueriedSource, day: str) -> Source:
    if given.end_date is not None and given.end_date < day:
        raise ValueError(
            f"the source ends on {given.end_date}, and papers until {day} are known: "
            "leave endDate out of the template"
        )
    early = (date.fromisoformat(day) - timedelta(days=LATE_DAYS)).isoformat() if day else ""
    start = max(given.start_date, early)
    field = next(name for name in type(source).model_fields if getattr(source, name) is given)
    return source.model_copy(update={field: given.model_copy(update={"start_date": start})})
