"""What the watch has told so far: every object in memory, found by key, label or model.

Reconciles read from here and never from the API server. Objects only move forward: an older
resourceVersion never replaces a newer one, and a deleted object does not come back from a late
message. Bodies are kept as compact JSON, a tenth of what parsed ones take.
"""

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from pharos_operator.reconcile.facts import facts_of
from pharos_operator.reconcile.trimming import trimmed

Body = dict[str, Any]
_TOMBSTONES = 20_000


class Key(NamedTuple):
    """Where an object lives."""

    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One object. ``facts`` are what it can be found by, ``owners`` the uids that own it."""

    key: Key
    uid: str
    version: int
    facts: frozenset[str]
    raw: str

    @property
    def body(self) -> Body:
        """A fresh copy of the (trimmed) object."""
        body: Body = json.loads(self.raw)
        return body


class Index:
    """All objects that the operator knows."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[Key, Entry]] = defaultdict(dict)
        self._by_fact: dict[tuple[str, str, str], set[Key]] = defaultdict(set)
        self._tombstones: OrderedDict[Key, int] = OrderedDict()
        self._listeners: list[Callable[[Body], None]] = []

    def subscribe(self, listener: Callable[[Body], None]) -> None:
        """Call ``listener`` with every object that appears, changes or goes, from now on."""
        self._listeners.append(listener)

    def observe(self, body: Body) -> Entry | None:
        """Take in one object; the entry, or None where it is no news."""
        entry = _entry(body)
        known = self._entries[entry.key.kind].get(entry.key)
        if known and entry.version <= known.version:
            return None
        if entry.version <= self._tombstones.get(entry.key, -1):
            return None
        if known:
            self._unlink(known)
        self._entries[entry.key.kind][entry.key] = entry
        for fact in entry.facts:
            self._by_fact[entry.key.kind, entry.key.namespace, fact].add(entry.key)
        self._tell(body)
        return entry

    def forget(self, key: Key, version: int) -> Entry | None:
        """Drop an object that was gone at ``version``; the entry dropped, or None if none was.

        A newer object under the same name stays.
        """
        known = self._entries[key.kind].get(key)
        if known and known.version > version:
            return None
        self._tombstones[key] = max(version, self._tombstones.pop(key, -1))
        if len(self._tombstones) > _TOMBSTONES:
            self._tombstones.popitem(last=False)
        if known:
            self._unlink(known)
            del self._entries[key.kind][key]
            self._tell(known.body)
        return known

    def get(self, key: Key) -> Entry | None:
        """The object of this key."""
        return self._entries[key.kind].get(key)

    def of_kind(self, kind: str) -> tuple[Entry, ...]:
        """All objects of a kind."""
        return tuple(self._entries[kind].values())

    def keys(self, kind: str) -> tuple[Key, ...]:
        """Keys of all objects of a kind."""
        return tuple(self._entries[kind])

    def count(self, kind: str) -> int:
        """How many objects of a kind are known."""
        return len(self._entries[kind])

    def found_by(self, kind: str, namespace: str, fact: str) -> Iterator[Entry]:
        """Objects of one namespace with this fact, by name."""
        for key in sorted(self._by_fact.get((kind, namespace, fact), ())):
            yield self._entries[kind][key]

    def ghosts(self, kind: str, alive: Iterable[Key], version: int) -> tuple[Key, ...]:
        """Objects held here that a full list of the server at ``version`` no longer has."""
        living = set(alive)
        held = self._entries[kind].values()
        return tuple(e.key for e in held if e.version <= version and e.key not in living)

    def _tell(self, body: Body) -> None:
        for listener in self._listeners:
            listener(body)

    def _unlink(self, entry: Entry) -> None:
        for fact in entry.facts:
            place = (entry.key.kind, entry.key.namespace, fact)
            self._by_fact[place].discard(entry.key)
            if not self._by_fact[place]:
                del self._by_fact[place]


def key_of(body: Body) -> Key:
    """The key of an object as the API server gives it."""
    metadata = body["metadata"]
    return Key(body["kind"], metadata.get("namespace", ""), metadata["name"])


def version_of(body: Body) -> int:
    """The resourceVersion as a number; the API server's are comparable within a cluster."""
    return int(body["metadata"].get("resourceVersion") or 0)


def _entry(body: Body) -> Entry:
    return Entry(
        key=key_of(body),
        uid=body["metadata"].get("uid", ""),
        version=version_of(body),
        facts=facts_of(body),
        raw=json.dumps(trimmed(body), separators=(",", ":")),
    )
