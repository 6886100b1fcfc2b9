"""What the operator was installed with, read once from ``PHAROS_OPERATOR_*`` variables.

Every field is a variable: ``watch_namespaces`` is ``PHAROS_OPERATOR_WATCH_NAMESPACES``. The chart
sets them. This module reads the environment and nothing else.
"""

import json
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pharos_api import names
from pharos_api.meta import Quantities
from pharos_api.trainingrun import StepName
from pharos_operator.decide.decision import Platform


class LogFormat(StrEnum):
    """JSON for a cluster, text for a person's terminal."""

    JSON = "json"
    TEXT = "text"


class Settings(BaseSettings):
    """All settings of one operator process. Durations end in ``_s`` and are seconds."""

    model_config = SettingsConfigDict(
        env_prefix="PHAROS_OPERATOR_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    # Where this process runs
    namespace: str = "pharos-system"
    pod_name: str = "local"
    pod_ip: str = "127.0.0.1"

    # What it looks after: a comma-separated list, empty for the whole cluster
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    workers: int = Field(8, ge=1, le=64)
    # Full lists; two of them in a row also find a watch that has fallen silent
    resync_interval_s: float = Field(300.0, ge=1)

    # Leader election
    lease_name: str = "pharos-operator"
    lease_duration_s: int = Field(6, ge=2)
    lease_renew_deadline_s: int = Field(4, ge=1)
    lease_retry_s: int = Field(1, ge=1)

    # Sockets
    http_host: str = "0.0.0.0"  # noqa: S104 - a pod listens on its own address
    http_port: int = Field(names.PORT_OPERATOR_HTTP, ge=0, le=65535)
    xds_host: str = "0.0.0.0"  # noqa: S104 - a pod listens on its own address
    xds_port: int = Field(names.PORT_OPERATOR_XDS, ge=0, le=65535)

    # What it renders into children
    jobs_image: str = "pharos-jobs:dev"
    serving_image: str = "pharos-serving:dev"
    image_pull_policy: str = "IfNotPresent"
    artifact_root: str = "file:///artifacts"
    artifact_claim: str = ""
    artifact_secret: str = ""
    database_secret: str = ""
    source_secret: str = ""
    # Secret with private.pem and public.pem; whether unsigned models are refused
    signing_secret: str = ""
    signing_required: bool = False
    progress_url: str = ""
    job_service_account: str = "pharos-job"
    serving_service_account: str = "pharos-serving"
    # JSON: {"train": {"requests": {"cpu": "1"}, "limits": {...}}, ...}, one entry a step
    job_resources: str = "{}"
    # JSON: {"NAME": "value"}, put into the pods of jobs and servers alike
    extra_pod_env: str = "{}"
    git_commit: str = ""

    # Whom it asks
    prometheus_url: str = ""
    prometheus_timeout_s: float = Field(5.0, gt=0)
    database_url: SecretStr = SecretStr("")

    # Where the gateways are told to listen
    gateway_port: int = Field(names.PORT_GATEWAY, ge=1, le=65535)
    # Whether a request may choose its version by header; for testers, stripped at the edge
    allow_pin: bool = True

    # OpenTelemetry's own variable, so that one setting serves every program of a cluster
    otlp_endpoint: str = Field(
        "", validation_alias=AliasChoices("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )

    log_level: str = "INFO"
    log_format: LogFormat = LogFormat.JSON
    log_file: Path | None = None
    syslog_address: str = Field("", description="host:port; empty sends nothing")

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("job_resources")
    @classmethod
    def _step_resources(cls, value: str) -> str:
        for step, quantities in json.loads(value).items():
            StepName(step)
            Quantities.model_validate(quantities)
        return value

    @field_validator("extra_pod_env")
    @classmethod
    def _text_values(cls, value: str) -> str:
        loaded = json.loads(value)
        if not all(isinstance(text, str) for text in loaded.values()):
            raise ValueError("PHAROS_OPERATOR_EXTRA_POD_ENV must map names to strings")
        return value

    @property
    def identity(self) -> str:
        """Who holds the lease: ``<pod>_<ip>``; the address lets a standby find the leader."""
        return f"{self.pod_name}_{self.pod_ip}"

    @cached_property
    def platform(self) -> Platform:
        """The part of the settings that decisions and renderings depend on."""
        return Platform(
            namespace=self.namespace,
            artifact_root=self.artifact_root.rstrip("/"),
            jobs_image=self.jobs_image,
            serving_image=self.serving_image,
            artifact_claim=self.artifact_claim,
            artifact_secret=self.artifact_secret,
            database_secret=self.database_secret,
            source_secret=self.source_secret,
            signing_secret=self.signing_secret,
            signing_required=self.signing_required,
            progress_url=self.progress_url,
            image_pull_policy=self.image_pull_policy,
            job_service_account=self.job_service_account,
            serving_service_account=self.serving_service_account,
            job_defaults=tuple(json.loads(self.job_resources).items()),
            git_commit=self.git_commit,
            extra_pod_env=tuple(json.loads(self.extra_pod_env).items()),
        )
