"""A reconcile with a span around it, for whoever collects traces. Changes nothing of the work."""

from pharos_operator.ports import Traces
from pharos_operator.reconcile.index import Key
from pharos_operator.reconcile.queue import Reconcile


def traced(work: Reconcile, traces: Traces) -> Reconcile:
    """The same work, with a span for each time that it is done."""

    async def around(key: Key) -> float | None:
        with traces.span(key.kind, key.namespace, key.name):
            return await work(key)

    return around
