"""The real server, a tiny real model and real databases."""

from pathlib import Path

import pytest
from builders_serving import build_tiny_model
from integration.postgres import own_postgres, postgres_url

__all__ = ["own_postgres", "postgres_url"]


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Folder and digest of a model that nobody may change."""
    folder = tmp_path_factory.mktemp("tiny")
    return folder, build_tiny_model(folder)
