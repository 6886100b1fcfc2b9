"""Runs in the environment of confseq: lower confidence sequences of the paired difference."""

import json
import sys

import numpy as np
from confseq.betting import betting_lower_cs
from confseq.conjmix_bounded import conjmix_empbern_lower_cs


def conjugate(values):
    # A first value of exactly one half leaves no variance, at which the package gives up.
    values[0] -= 1e-3
    return conjmix_empbern_lower_cs(values, v_opt=len(values) * values.var(), alpha=0.05)


def betting(values):
    return betting_lower_cs(values, alpha=0.05, breaks=200, running_intersection=True)


METHODS = {"empiricalBernstein": conjugate, "betting": betting}


def decided(stream, method):
    """Pairs of users until the lower limit is above equality; the difference is scaled to 0..1."""
    values = (stream[1].astype(float) - stream[0] + 1) / 2
    above = np.flatnonzero(method(values) > 0.5)
    return int(above[0]) + 1 if len(above) else None


def main():
    streams, count = np.load(sys.argv[1]), int(sys.argv[2])
    found = {}
    for label, method in METHODS.items():
        found[label] = {"asked": "a look at each pair of users", "twoSided": False}
        for name in streams:
            found[label][name] = [decided(stream, method) for stream in streams[name][:count]]
    print(json.dumps(found))


main()
