"""Full lists: they fill the index, find ghosts, and find a watch that has fallen silent."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import virtual_time
from operator_fakes import FakeCluster, body

from pharos_operator.adapters.resources import RESOURCES
from pharos_operator.errors import Unavailable
from pharos_operator.reconcile.freshness import Freshness
from pharos_operator.reconcile.index import Index, Key
from pharos_operator.reconcile.sync import Sync

MODELS = (RESOURCES["Model"],)


def test_the_index_holds_what_the_server_has_and_no_ghosts() -> None:
    async def main() -> None:
        cluster, index = FakeCluster(), Index()
        cluster.put(body("Model", "a"))
        cluster.put(body("Model", "b"))
        sync = Sync(cluster, index, MODELS, ())
        await sync.fill()
        assert sync.done.is_set()
        del cluster.objects["Model", "default", "a"]
        cluster.put(body("Model", "c"))
        task = asyncio.create_task(sync.repeat(300.0))
        await asyncio.sleep(301)
        task.cancel()
        assert {key.name for key in index.keys("Model")} == {"b", "c"}

    virtual_time.run(main())


def test_a_server_that_is_away_at_the_start_is_waited_for() -> None:
    class Late(FakeCluster):
        asked = 0

        async def list_pages(self, kind: str, namespace: str = "") -> AsyncIterator[Any]:
            self.asked += 1
            if self.asked < 4:
                raise Unavailable("connection refused")
            async for page in super().list_pages(kind, namespace):
                yield page

    async def main() -> float:
        await Sync(Late(), Index(), MODELS, ()).fill()
        return asyncio.get_running_loop().time()

    assert virtual_time.run(main()) == 3.0


def test_a_namespace_that_is_not_asked_for_is_left_alone() -> None:
    async def main() -> None:
        cluster, index = FakeCluster(), Index()
        index.observe(body("Model", "elsewhere", 1))
        await Sync(cluster, index, MODELS, ("other",)).fill()
        assert index.get(Key("Model", "default", "elsewhere")) is not None

    virtual_time.run(main())


def test_a_watch_that_tells_all_is_not_silent() -> None:
    freshness = Freshness()
    freshness.watched(body("Model", "a", 10))
    freshness.listed("Model", 10)
    freshness.listed("Model", 10)
    assert freshness.silent() == ()


def test_a_watch_that_missed_what_two_lists_show_is_silent_until_it_tells_again() -> None:
    freshness = Freshness()
    freshness.listed("Model", 12)
    assert freshness.silent() == ()
    freshness.listed("Model", 15)
    assert freshness.silent() == ("Model",)
    freshness.watched(body("Model", "a", 16))
    assert freshness.silent() == ()


def test_an_object_that_was_listed_once_and_is_gone_accuses_no_watch() -> None:
    freshness = Freshness()
    freshness.watched(body("Model", "a", 10))
    freshness.listed("Model", 12)
    freshness.listed("Model", 9)
    assert freshness.silent() == ()
