"""Writes the report of a data set: ``report.html`` and ``report.json``."""

from pharos_jobs import storage
from pharos_jobs.core.data_report import DataReport
from pharos_jobs.drift.data_page import data_document, data_page

REPORT_HTML, REPORT_JSON = "report.html", "report.json"


def write_data_report(folder_uri: str, report: DataReport) -> str:
    """Write both files into the folder; the answer is the URI of the one for people."""
    storage.write_json(f"{folder_uri}/{REPORT_JSON}", data_document(report))
    return storage.write_bytes(f"{folder_uri}/{REPORT_HTML}", data_page(report).encode()).uri
