"""The commands about registered models, by their flags: one answer on the standard output each."""

import argparse
import sys
import tempfile
from pathlib import Path

from pharos_jobs import storage
from pharos_jobs.keeping.comparing import compare
from pharos_jobs.keeping.inventory import inventory
from pharos_jobs.keeping.restoring import restore
from pharos_jobs.keeping.sending import send
from pharos_jobs.keeping.whole import read_manifest


def run(options: argparse.Namespace) -> None:
    """Carry out one command. Raises StepFault."""
    match options.command:
        case "send":
            # Whoever attaches to a pod does so a moment after it starts: until then it waits.
            sys.stdin.buffer.read()
            send(options.uri, options.sha256, sys.stdout.buffer)
        case "inventory":
            _say(inventory(options.root.rstrip("/")).model_dump_json(by_alias=True))
        case "compare":
            _compare(options)
        case "restore":
            _say(str(restore(options.archived, options.target, options.sha256)))
        case _:
            _sign(options)


def _compare(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="pharos-") as scratch:
        file = Path(options.data) if options.data else None
        if options.data == "-":
            file = Path(scratch, "texts.jsonl")
            file.write_bytes(sys.stdin.buffer.read())
        first, second = (storage.to_uri(each) for each in (options.first, options.second))
        found = compare(first, second, options.root.rstrip("/"), file)
    _say(found.model_dump_json(by_alias=True))


def _sign(options: argparse.Namespace) -> None:
    from pharos_jobs.signing import sign_model  # noqa: PLC0415 - needed by few

    uri = storage.to_uri(options.uri)
    _say(sign_model(uri, read_manifest(uri), Path(options.key)))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
