"""Other packages on the same streams as the platform's own tests.

Each is installed into an environment of its own. What cannot be installed or does not run is
recorded with its message.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from delivery.crowd import Floats
from delivery.users import BASE, EFFECT, fixed
from pharos_analysis.confidence import p_value_above, p_value_below
from pharos_analysis.power import Aim, sequential_users_needed, share_variance
from pharos_analysis.samples import UserTotals

HERE = Path(__file__).parent
PLACE = Path("build/bench/peers")
STREAMS = 200
_SEED = 20261125
_TIMEOUT_S = 240
_ALPHA = 0.05
_TIMES = {"equal": 0, "planned": 1, "triple": 3}


@dataclass(frozen=True, slots=True)
class Peer:
    """A package, the script that runs it, and how many streams it gets through in a minute."""

    package: str
    script: str
    streams: int


PEERS = (
    Peer("spotify-confidence", "spotify.py", 100),
    Peer("confseq", "confidence_sequences.py", STREAMS),
    Peer("savvi", "anytime_valid.py", 40),
)


def compare(less: int) -> dict[str, object]:
    """Medians and shares of each peer and of the platform on the same streams."""
    PLACE.mkdir(parents=True, exist_ok=True)
    made = {name: _streams(times, STREAMS) for name, times in _TIMES.items()}
    where = PLACE / "streams.npz"
    np.savez_compressed(where, equal=made["equal"], planned=made["planned"], triple=made["triple"])
    found: dict[str, object] = {
        "streams": {"base": BASE, "effect": EFFECT, "usersAnArm": made["equal"].shape[2]},
        "fixedUsersAnArm": {"oneSided": fixed(EFFECT, False), "twoSided": fixed(EFFECT, True)},
        "pharos": {
            "oneSided": _ours(made, two_sided=False),
            "twoSided": _ours(made, two_sided=True),
        },
    }
    for peer in PEERS:
        found[peer.package] = _run(peer, where, max(10, peer.streams // less))
    return found


def _streams(times: int, streams: int) -> NDArray[np.int8]:
    """Right answers of one user after another: streams x arms x users."""
    draws = np.random.default_rng((_SEED, times))
    variance = share_variance(BASE) + share_variance(BASE + EFFECT)
    users = sequential_users_needed(variance, EFFECT, Aim(two_sided=True))
    rates = np.array([BASE, BASE + times * EFFECT])[None, :, None]
    return (draws.random((streams, 2, users)) < rates).astype(np.int8)


def _ours(made: dict[str, NDArray[np.int8]], two_sided: bool) -> dict[str, object]:
    plan = fixed(EFFECT, two_sided)
    return {
        name: figures([_decided(stream, two_sided) for stream in streams], plan)
        for name, streams in made.items()
    }


def figures(decided: list[int | None], plan: int) -> dict[str, object]:
    """The share decided and the median users over the fixed plan's."""
    ever = np.array([np.inf if each is None else each for each in decided])
    middle = float(np.quantile(ever, 0.5, method="lower"))
    return {
        "share": round(float(np.isfinite(ever).mean()), 4),
        "medianRatio": round(middle / plan, 4) if np.isfinite(middle) else None,
        "streams": len(decided),
        "usersAnArm": decided,
    }


def _decided(stream: NDArray[np.int8], two_sided: bool) -> int | None:
    """Users an arm at which 0 is excluded, looked at after each pair of users."""
    sums: Floats = stream.cumsum(axis=1, dtype=np.float64)
    for users in range(1, sums.shape[1] + 1):
        old, new = (_totals(users, float(arm[users - 1])) for arm in sums)
        p = p_value_above(old, new, 0.0, EFFECT)
        if two_sided and p is not None:
            p = 2 * min(p, p_value_below(old, new, 0.0, EFFECT) or 0.0)
        if p is not None and p <= _ALPHA:
            return users
    return None


def _totals(users: int, right: float) -> UserTotals:
    return UserTotals(users, users, right, users, right, right)


def _run(peer: Peer, streams: Path, count: int) -> dict[str, object]:
    try:
        installed = _command([str(HERE / "install"), peer.package, str(PLACE)])
        python = PLACE / peer.package / "bin" / "python"
        said = _command(
            [str(python), "-W", "ignore", str(HERE / peer.script), str(streams), str(count)]
        )
    except subprocess.CalledProcessError as failure:
        return {"failed": (failure.stderr or failure.stdout)[-1000:]}
    except subprocess.TimeoutExpired as slow:
        return {"failed": f"not done after {slow.timeout} s"}
    return {"version": installed.strip().splitlines()[-1], **_read(json.loads(said))}


def _read(said: dict[str, dict[str, Any]]) -> dict[str, object]:
    """Each method's decisions against the plan of as many sides as it has."""
    return {
        method: {
            "asked": asked["asked"],
            **{
                name: figures(asked[name], fixed(EFFECT, bool(asked["twoSided"])))
                for name in _TIMES
            },
        }
        for method, asked in said.items()
    }


def _command(words: list[str]) -> str:
    return subprocess.run(
        words, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S
    ).stdout
