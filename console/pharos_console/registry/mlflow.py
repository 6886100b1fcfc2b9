"""Writes a version into MLflow's model registry by its REST API; needs no MLflow package.

Doing so twice changes nothing: the version is found again by its digest. API:
mlflow.org/docs/latest/rest-api.html, version 2.0.
"""

from dataclasses import dataclass
from typing import Any

import httpx

from pharos_api.modelversion import ModelVersion, Stage
from pharos_console.errors import UsageError

_TIMEOUT_S = 30.0
_TAKEN = "RESOURCE_ALREADY_EXISTS"
_DIGEST = "pharos.sha256"
_PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Written:
    """The number that MLflow gave, and whether it was given just now."""

    number: str
    is_new: bool


class MlflowRegistry:
    """One MLflow server; a context manager."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._client = httpx.Client(base_url=f"{self._url}/api/2.0/mlflow", timeout=_TIMEOUT_S)

    def __enter__(self) -> "MlflowRegistry":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def write(self, version: ModelVersion) -> Written:
        """Register the version under its Model's name; production gets the alias.

        Raises UsageError with the server's own sentence.
        """
        name = version.spec.model_ref.name
        self._call("POST", "registered-models/create", {"name": name}, accepted=_TAKEN)
        number = self._number(name, version.spec.artifact.sha256)
        written = Written(number, False) if number else Written(self._created(version), True)
        if version.status.stage is Stage.PRODUCTION:
            alias = {"name": name, "alias": _PRODUCTION, "version": written.number}
            self._call("POST", "registered-models/alias", alias)
        return written

    def _created(self, version: ModelVersion) -> str:
        spec = version.spec
        body = {
            "name": spec.model_ref.name,
            "source": spec.artifact.uri,
            "description": f"{spec.model_ref.name} {spec.version}",
            "tags": [{"key": key, "value": value} for key, value in _tags(version).items()],
        }
        return str(self._call("POST", "model-versions/create", body)["model_version"]["version"])

    def _number(self, name: str, sha256: str) -> str:
        """The number under which this very content stands there; empty for none."""
        quoted = name.replace("'", "''")
        page = {"filter": f"name='{quoted}'"}
        while True:
            found = self._call("GET", "model-versions/search", page)
            for each in found.get("model_versions", ()):
                tags = {tag["key"]: tag.get("value") for tag in each.get("tags", ())}
                if tags.get(_DIGEST) == sha256:
                    return str(each["version"])
            if not found.get("next_page_token"):
                return ""
            page = {**page, "page_token": found["next_page_token"]}

    def _call(
        self, method: str, path: str, given: dict[str, Any], accepted: str = ""
    ) -> dict[str, Any]:
        sent: dict[str, Any] = {"params": given} if method == "GET" else {"json": given}
        try:
            answer = self._client.request(method, path, **sent)
        except httpx.HTTPError as error:
            raise UsageError(f"{self._url} does not answer: {error}") from error
        try:
            document = answer.json()
        except ValueError:
            document = {}
        if answer.is_success and isinstance(document, dict):
            return document
        code = str(document.get("error_code", "")) if isinstance(document, dict) else ""
        if accepted and code == accepted:
            return {}
        said = document.get("message") if isinstance(document, dict) else ""
        raise UsageError(
            f"MLflow at {self._url} refuses {path} with {answer.status_code}: "
            f"{said or answer.text[:300]}"
        )


def _tags(version: ModelVersion) -> dict[str, str]:
    spec = version.spec
    given = {
        "pharos.version": spec.version,
        _DIGEST: spec.artifact.sha256,
        "pharos.namespace": version.metadata.namespace,
        **{f"pharos.{key}": str(value) for key, value in spec.lineage.to_json().items()},
        **{f"pharos.{key}": str(value) for key, value in spec.metrics.to_json().items()},
    }
    return {key: value for key, value in given.items() if value}
