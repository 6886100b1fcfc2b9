"""What the chart renders for three kinds of installation, whole, so that a change is seen."""

from collections.abc import Callable

import helm_chart
import pytest


def without_crds(text: str) -> str:
    """The CRDs are generated and compared with their source by a test of their own."""
    parts = text.split("\n---\n")
    return "\n---\n".join(
        part for part in parts if "\nkind: CustomResourceDefinition\n" not in part
    )


@pytest.mark.parametrize("values", helm_chart.VALUE_SETS)
def test_the_chart_renders_what_was_looked_at_and_committed(
    values: str, golden: Callable[[str, str], None]
) -> None:
    golden(f"helm/{values}.yaml", without_crds(helm_chart.rendered(values)))
