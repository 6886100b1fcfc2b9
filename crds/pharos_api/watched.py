"""What a Model's status keeps of the watch over a version that came to production."""

from pharos_api.meta import Status, Time


class WatchedWindow(Status):
    """What the window after a version's arrival in production showed, told once.

    The version came at ``since``; ``until`` is when the window was summed up. ``requests`` and
    ``errors`` (answers 5xx) are the gateways', None where there was no request; ``p95LatencyMs``
    is None where no latency is known. ``logged`` counts the errors of the prediction log by their
    code, None where there was no log to read.
    """

    version: str
    since: Time
    until: Time
    requests: int | None = None
    errors: int | None = None
    p95_latency_ms: int | None = None
    logged: dict[str, int] | None = None
