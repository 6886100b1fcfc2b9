"""Where reports on drift lie, and which of them tell words of texts. Must not measure."""

from pharos_jobs import storage

REPORTS = "reports"
REPORT_HTML, REPORT_JSON = "drift.html", "drift.json"


def report_folder(artifact_root: str, namespace: str, model: str, moment: str) -> str:
    """Where a report of a Model belongs; ``moment`` is an ISO 8601 time, without its colons."""
    return f"{artifact_root}/{REPORTS}/{namespace}/{model}/{moment.replace(':', '')}"


def reports_with_words(artifact_root: str) -> list[str]:
    """Folders of the reports, of all Models, that name words.

    A folder counts too where its ``drift.json`` is missing: nobody can say what is in the rest.
    """
    top = f"{artifact_root}/{REPORTS}"
    folders = sorted({f.path.rpartition("/")[0] for f in storage.walk(top)} - {""})
    return [f"{top}/{path}" for path in folders if _tells_words(f"{top}/{path}/{REPORT_JSON}")]


def _tells_words(uri: str) -> bool:
    if not storage.exists(uri):
        return True
    told = storage.read_json(uri)["words"]
    return bool(told["risen"] or told["fallen"])
