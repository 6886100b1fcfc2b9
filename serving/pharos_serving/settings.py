"""The environment of a serving pod, read once.

Every field is the variable ``PHAROS_<FIELD>``; those that the operator sets have their names in
``pharos_api.names``. Reads nothing but the environment.
"""

import tempfile
from pathlib import Path
from typing import Annotated
from uuid import UUID

from pydantic import AliasChoices, Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from pharos_api.model import Engine, StoreText
from pharos_api.names import PORT_SERVING

_SCRATCH = Path(tempfile.gettempdir())


class Settings(BaseSettings):
    """What the operator, or a person at a terminal, tells the server."""

    model_config = SettingsConfigDict(
        env_prefix="PHAROS_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        protected_namespaces=(),
    )

    # The model
    model_name: str
    model_namespace: str = "default"
    model_version: str
    model_version_uid: UUID | None = None
    model_uri: str
    model_sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    model_signature: str = Field("", description="file of the signature; empty for none")
    signing_keys_file: Path | None = Field(None, description="public keys in PEM that are trusted")
    signing_required: bool = False
    max_tokens: int | None = Field(None, ge=8, le=8192)
    max_model_mib: int = Field(4096, ge=1)
    engine: Engine = Engine.AUTO
    preferred_engine: str = Field("", description="a variant that needs no race, as OpenVino-Int8")
    threads: int = Field(0, ge=0, le=1024, description="0 takes the CPU limit of the container")
    streams: int = Field(0, ge=0, le=1024, description="texts at once; 0 takes one a thread")
    self_benchmark_s: float = Field(2.0, ge=0, le=60, description="0 takes the cheapest unmeasured")
    cache_dir: Path = _SCRATCH / "pharos-model"
    termination_log: Path = Path("/dev/termination-log")

    # HTTP
    host: str = "0.0.0.0"  # noqa: S104 - a pod is reached through its address
    port: int = Field(PORT_SERVING, ge=0, le=65535)
    drain_s: float = Field(5.0, ge=0, le=600)
    finish_s: float = Field(20.0, ge=0, le=600)
    queue_limit: int = Field(128, ge=1, description="texts that may wait for the engine")
    cache_mib: int = Field(0, ge=0, description="answers kept for texts asked again; 0 keeps none")
    max_texts: int = Field(64, ge=1)
    max_characters: int = Field(100_000, ge=1)
    max_body_bytes: int = Field(1 << 20, ge=1024)
    access_log: bool = False
    fault: str = ""

    # The prediction log
    database_url: SecretStr | None = None
    user_hash_key: SecretStr = SecretStr("")
    store_text: StoreText = StoreText.SANITIZED
    spool_dir: Path = _SCRATCH / "pharos-spool"
    spool_limit_mib: int = Field(256, ge=1)
    log_queue_limit: int = Field(10_000, ge=1)

    # Traces: OpenTelemetry's own variable, so that one setting serves every program of a cluster
    otlp_endpoint: str = Field(
        "", validation_alias=AliasChoices("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT")
    )

    # Logs
    log_level: str = "INFO"
    log_file: Path | None = None
    syslog_address: str = Field("", description="host:port; empty sends nothing")
