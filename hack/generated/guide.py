"""The commands of docs/user/training.md as they were run: time, output and files. Pure but `page`.

`python -m training.guide --record` runs them and writes the record; here it becomes the blocks
between the page's marks. Nothing in them is typed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "user" / "training.md"
RECORD = CHECKOUT / "benchmarks" / "training" / "guide.json"
_BLOCK = re.compile(r"(<!-- guide: ([a-z-]+) -->\n).*?(<!-- end of it -->)", re.DOTALL)
_MB, _KB = 1_000_000, 1_000
WIDTH = 96

Json = dict[str, Any]


def page(text: str) -> str:
    """The page with its blocks made anew; as it is while nothing is recorded."""
    return filled(text, json.loads(RECORD.read_text())) if RECORD.exists() else text


def filled(text: str, record: Json) -> str:
    """Every marked block, from the step of its name. Raises KeyError for one that is not there."""
    blocks = {step["name"]: "\n".join(_told(step)) for step in record["steps"]}
    blocks["circumstances"] = _circumstances(record)
    return _BLOCK.sub(lambda found: f"{found[1]}{blocks[found[2]]}\n{found[3]}", text)


def _circumstances(record: Json) -> str:
    about, steps = record["machine"], record["steps"]
    loads = [step["loadAverage"] for step in steps]
    return (
        f"Run on {record['measuredAt'][:10]} by `python -m training.guide` at commit "
        f"{about['commit']}: {about['cores']} cores of {about['processor']}, load average "
        f"{min(loads):.0f} to {max(loads):.0f} of other work."
    )


def _told(step: Json) -> Iterator[str]:
    yield "```console"
    yield f"$ {_wrapped(step['command'])}"
    if step["output"]:
        yield step["output"]
    if step["exitCode"]:
        yield f"$ echo $?\n{step['exitCode']}"
    yield "```"
    files = ", ".join(f"`{each['path']}` ({_size(each['bytes'])})" for each in step["files"])
    spent = f"Time: {_time(step['seconds'])} ({_time(step['processorSeconds'])} of processor time)."
    yield f"{spent} Output: {files}."


def _wrapped(command: str) -> str:
    """The command in lines that a shell takes; a flag stays with its value."""
    lines, words = [""], command.replace(" --", "\0--").split("\0")
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > WIDTH:
            lines.append("   ")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _size(count: int) -> str:
    if count >= _MB:
        return f"{count / _MB:.1f} MB"
    return f"{count / _KB:.1f} kB" if count >= _KB else f"{count} bytes"
