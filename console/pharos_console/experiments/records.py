"""Records of decisions, read from ConfigMaps or from files. Must not judge them."""

import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pharos_api import names
from pharos_console.errors import UsageError

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """A record and where it was found: the name of its ConfigMap, or a file."""

    name: str
    document: JsonObject


def record_of(config_map: Mapping[str, Any]) -> Record:
    """The record in a ConfigMap. Raises UsageError where there is none to read."""
    name = str(config_map["metadata"]["name"])
    return Record(name, _parsed(_text(config_map, name), name))


def in_order(records: Iterable[Record]) -> list[Record]:
    """The oldest first: by the number in the name, of which the hundredth has three digits."""
    return sorted(records, key=lambda record: (names.evidence_number(record.name), record.name))


def read_file(path: Path) -> list[Record]:
    """The records of a file: a document in JSON, a ConfigMap, or a list of ConfigMaps.

    Raises UsageError when it cannot be read or holds none.
    """
    try:
        text = path.read_text()
        # YAML's own numbers differ from JSON's, and a record's numbers must survive exactly.
        found = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    records = list(_records(found, str(path)))
    if not records:
        raise UsageError(f"{path} holds no record of a decision")
    return records


def _records(found: Any, where: str) -> Iterator[Record]:
    match found:
        case {"kind": "ConfigMap"}:
            yield record_of(found)
        case {"items": list(items)}:
            for item in items:
                yield from _records(item, where)
        case {"format": str()}:
            yield Record(where, found)
        case _:
            return


def _text(config_map: Mapping[str, Any], name: str) -> bytes:
    plain = (config_map.get("data") or {}).get(names.EVIDENCE_KEY)
    if plain is not None:
        return str(plain).encode()
    packed = (config_map.get("binaryData") or {}).get(names.EVIDENCE_KEY_PACKED)
    if packed is None:
        raise UsageError(f"ConfigMap {name} is no record of a decision: no {names.EVIDENCE_KEY}")
    try:
        return gzip.decompress(base64.b64decode(packed))
    except (binascii.Error, zlib.error, OSError, EOFError) as error:
        raise UsageError(f"ConfigMap {name} cannot be unpacked: {error}") from error


def _parsed(text: bytes, name: str) -> JsonObject:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the record {name} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"the record {name} is no JSON object")
    return found
