"""Runs in the environment of savvi: its anytime-valid regression on the arm."""

import json
import sys

import numpy as np
from savvi.linear_regression import LinearRegression

EVERY = 5


def decided(stream):
    """Users an arm at the first look at which the arm's coefficient is significant."""
    # Tuned, as phi may be, to be tightest at the streams' end: a quarter of the values, over 8.2.
    test = LinearRegression(alpha=0.05, p=2, phi=stream.size / 4 / 8.2)
    for user in range(stream.shape[1]):
        for arm in (0, 1):
            test.update(np.array([stream[arm, user], 1.0, float(arm)]))
        if user % EVERY == 0 and user > 2 and test.calculate_p_value()[1] <= 0.05:
            return user + 1
    return None


def main():
    streams, count = np.load(sys.argv[1]), int(sys.argv[2])
    method = {"asked": f"a look at each {EVERY} pairs of users", "twoSided": True}
    for name in streams:
        method[name] = [decided(stream) for stream in streams[name][:count]]
    print(json.dumps({"regression": method}))


main()
