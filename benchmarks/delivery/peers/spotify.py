"""Runs in the environment of spotify-confidence: its group-sequential z-test, at 20 looks."""

import json
import sys

import numpy as np
import pandas as pd
from spotify_confidence import ZTest

LOOKS = 20


def decided(stream, final):
    """Users an arm at the first significant look of those that its plan has."""
    rows = [
        {
            "look": look,
            "arm": arm,
            "right": int(values[:users].sum()),
            "users": users,
            "final": 2 * final,
        }
        for look in range(1, LOOKS + 1)
        for users in [final * look // LOOKS]
        for arm, values in zip(("control", "candidate"), stream, strict=True)
    ]
    test = ZTest(
        pd.DataFrame(rows),
        numerator_column="right",
        numerator_sum_squares_column=None,
        denominator_column="users",
        categorical_group_columns="arm",
        ordinal_group_column="look",
        interval_size=0.95,
    )
    found = test.difference(
        "control", "candidate", groupby="look", final_expected_sample_size_column="final"
    )
    significant = found.loc[found["is_significant"], "look"]
    return None if significant.empty else int(final * significant.min() // LOOKS)


def main():
    streams, count = np.load(sys.argv[1]), int(sys.argv[2])
    # The plan of a group-sequential test is its last look: the streams' own length.
    final = streams["equal"].shape[2]
    method = {
        "asked": f"{LOOKS} looks, alpha spending, the last at {final} users",
        "twoSided": True,
    }
    for name in streams:
        method[name] = [decided(stream, final) for stream in streams[name][:count]]
    print(json.dumps({"groupSequential": method}))


main()
