"""The end of the story: Pharos is taken away while an experiment runs."""

import time

import pytest
from proving import wait_for

from pharos_api import names
from pharos_api.abexperiment import ABExperiment
from pharos_api.model import Model
from pharos_api.modelversion import ModelVersion
from pharos_console.cluster import Cluster
from pharos_console.demo import objects
from pharos_console.demo.scenario import Scenario

pytestmark = pytest.mark.timeout(600)


def test_an_uninstall_during_an_experiment_hangs_nothing(
    installed: Cluster, scenario: Scenario, kubectl
) -> None:
    production = installed.get(Model, objects.MODEL).status.production
    control = installed.get(ModelVersion, production.name)
    imported = control.spec.model_copy(update={"version": "v9.0.0"})
    installed.apply(
        {
            "apiVersion": control.api_version,
            "kind": "ModelVersion",
            "metadata": {"name": names.version_object_name(objects.MODEL, "v9.0.0")},
            "spec": imported.to_json(),
        }
    )

    def moving() -> bool:
        return any(not one.status.phase.finished for one in installed.every(ABExperiment))

    wait_for("an experiment", moving, 120)
    began = time.monotonic()
    kubectl.helm("uninstall", "pharos", "--wait", "--timeout", "120s")
    kubectl("delete", "pharos", "--all", "--timeout=60s")
    assert time.monotonic() - began < 180
    assert kubectl("get", "pharos") == ""
