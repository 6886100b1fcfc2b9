"""Real servers of the integration tier, each started once a session or skipped with its reason."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HACK = Path(__file__).resolve().parents[2] / "hack"
sys.path.insert(0, str(HACK))

from localcluster import envtest  # noqa: E402  # the path must be there first
from localcluster.envtest import Environment  # noqa: E402
from machine.problem import Problem  # noqa: E402

REQUIRED = "PHAROS_REQUIRE_ENVTEST"


@pytest.fixture(scope="session")
def api_server() -> Iterator[Environment]:
    """etcd and kube-apiserver; `PHAROS_REQUIRE_ENVTEST=1` turns the skip into an error."""
    try:
        programs = envtest.need_binaries()
    except Problem as problem:
        if os.environ.get(REQUIRED) == "1":
            raise
        pytest.skip(f"no API server: {problem}")
    with envtest.environment(programs) as running:
        yield running


@pytest.fixture(scope="session")
def kubeconfig_path(api_server: Environment) -> Path:
    """The kubeconfig of the API server's administrator."""
    return api_server.kubeconfig
