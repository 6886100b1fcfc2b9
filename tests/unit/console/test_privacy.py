"""What the console says of plans and receipts, and what it gives the pods that make them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from pharos_api.erasing import ErasureReceipt
from pharos_api.retaining import PlannedItem
from pharos_console.cli.privacy import plan_table, receipt_text, summary
from pharos_console.platform import Platform
from pharos_console.pod_manifest import PodCommand, overrides

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLATFORM = Platform("jobs:1", "file:///artifacts", "claim", "", "pharos-job")
MARK = "ab" * 32


def item(path: str, verdict: str, reason: str) -> PlannedItem:
    return PlannedItem(
        path=path, kind="Raw", verdict=verdict, reason=reason, age_days=91, size_bytes=2 << 20
    )


ITEMS = [item("raw/a", "Delete", "Expired"), item("raw/b", "Keep", "Young")]


def test_a_plan_is_told_line_by_line_and_in_a_sentence() -> None:
    console = Console(width=120, record=True)
    console.print(plan_table(ITEMS))
    (line,) = (row for row in console.export_text().splitlines() if "raw/a" in row)
    assert line.split() == ["Delete", "Expired", "Raw", "91d", "2.0", "raw/a"]
    assert summary(ITEMS) == (
        "1 to delete, 0 to archive, 1 stay; 2.0 MiB would be freed. Nothing was touched."
    )


def test_a_receipt_names_the_models_and_what_is_not_reached() -> None:
    receipt = ErasureReceipt(
        user_mark=MARK, reason="asked", at=NOW, known=True, predictions=3, samples=1, reports=2,
        models=["models/default/arxiv/v1.0.0"], left=["Backups."],
    )  # fmt: skip
    text = receipt_text(receipt)
    assert "erased 3 predictions, 0 items of feedback, 1 samples, 0 raw papers, 2 reports" in text
    assert "trained on the user's texts: models/default/arxiv/v1.0.0" in text
    assert "not reached: Backups." in text


def test_a_user_whom_nobody_knows_is_called_unknown() -> None:
    receipt = ErasureReceipt(user_mark=MARK, reason="asked", at=NOW, known=False)
    assert "unknown" in receipt_text(receipt)


def test_the_pod_that_erases_has_the_database_s_secret_and_no_id_of_the_user() -> None:
    platform = replace(PLATFORM, database_secret="pharos-database")
    spec = overrides(PodCommand("pharos-erase-1", ["erase"], with_database=True), platform)
    (container,) = spec["spec"]["containers"]
    secrets = {one["name"]: one.get("valueFrom") for one in container["env"]}
    reference = {"secretKeyRef": {"name": "pharos-database", "key": "user-hash-key"}}
    assert secrets["PHAROS_USER_HASH_KEY"] == reference
    assert container["args"] == ["erase"]
    plain = overrides(PodCommand("pharos-retain-1", ["retain", "--show"]), platform)
    assert "secretKeyRef" not in json.dumps(plain)
