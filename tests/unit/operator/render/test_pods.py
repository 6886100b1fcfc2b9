"""What every pod must keep, and the rules that golden files alone would not explain."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from render_cases import CASES, MODEL, S3, TOLD, start
from run_builders import PLATFORM, make_model, make_run, make_version

from pharos_api.jobio import RegistryInput, StepInput
from pharos_api.model import Model
from pharos_api.names import ENV_REGISTRY_INPUT, ENV_STEP_INPUT, LABEL_QUEUE
from pharos_api.trainingrun import StepName, StepResources
from pharos_operator.decide.decision import EnsureCronJob, EnsureServing, Manifest, Platform
from pharos_operator.decide.observation import ModelObservation
from pharos_operator.decide.retraining.checking import check_input
from pharos_operator.errors import NotFound
from pharos_operator.render.manifests import Scene, manifests
from pharos_operator.render.resources import step_resources


def pod_specs(value: Any) -> Iterator[Manifest]:
    if isinstance(value, dict):
        if "containers" in value:
            yield value
        for each in value.values():
            yield from pod_specs(each)


def rendered(name: str) -> tuple[Manifest, ...]:
    action, owner, platform = CASES[name]
    return manifests(action, Scene(owner, MODEL, platform))


PODS = [(name, spec) for name in CASES for each in rendered(name) for spec in pod_specs(each)]


def environment(spec: Manifest) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in spec["containers"][0]["env"]}


@pytest.mark.parametrize(("name", "spec"), PODS, ids=[name for name, _ in PODS])
def test_every_pod_keeps_the_restricted_standard(name: str, spec: Manifest) -> None:
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65532
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]
    assert not any("hostPath" in volume for volume in spec["volumes"])
    mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}


@pytest.mark.parametrize("name", CASES)
def test_every_object_goes_with_its_one_controlling_owner(name: str) -> None:
    for each in rendered(name):
        (owner,) = each["metadata"]["ownerReferences"]
        assert owner["controller"] is True
        assert owner["uid"]


@pytest.mark.parametrize("name", CASES)
def test_rendering_twice_gives_the_same(name: str) -> None:
    assert rendered(name) == rendered(name)


def test_a_step_reads_back_what_it_is_told() -> None:
    action = start(StepName.TRAIN)
    (job,) = rendered("job-train-gpu")
    (spec,) = pod_specs(job)
    assert StepInput.model_validate_json(environment(spec)[ENV_STEP_INPUT]) == action.step_input


def test_the_registry_job_reads_back_what_it_is_told() -> None:
    (job,) = rendered("registryjob")
    (spec,) = pod_specs(job)
    told = RegistryInput.model_validate_json(environment(spec)[ENV_REGISTRY_INPUT])
    assert [each.version for each in told.versions] == ["v1.0.0"]
    assert (told.production, told.latest) == ("v1.0.0", "v1.0.0")


@pytest.mark.requirement("PRF-13")
def test_a_job_runs_once_and_disruption_does_not_count() -> None:
    spec = rendered("job-train-gpu")[0]["spec"]
    assert spec["backoffLimit"] == 0
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    assert "suspend" not in spec
    assert "ttlSecondsAfterFinished" not in spec


def test_a_queue_is_a_label_of_the_job() -> None:
    assert rendered("job-train-gpu")[0]["metadata"]["labels"][LABEL_QUEUE] == "research"
    assert LABEL_QUEUE not in rendered("job-collect")[0]["metadata"]["labels"]


def test_jobs_write_artifacts_and_servers_only_read_them() -> None:
    read_only = {
        name: mount["readOnly"]
        for name, spec in PODS
        for mount in spec["containers"][0]["volumeMounts"]
        if mount["name"] == "artifacts"
    }
    assert read_only["job-train-gpu"] is False
    assert read_only["serving-scaled"] is True
    assert "job-train-s3" not in read_only


def test_an_object_store_is_reached_by_the_keys_of_its_secret() -> None:
    (spec,) = pod_specs(rendered("job-train-s3")[0])
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "pharos-s3"}}]
    assert environment(spec)["HF_ENDPOINT"] == "http://mirror"


def by_kind(name: str) -> dict[str, Manifest]:
    return {each["kind"]: each for each in rendered(name)}


def test_while_an_autoscaler_owns_the_replicas_the_deployment_is_silent() -> None:
    objects = by_kind("serving-scaled")
    assert "replicas" not in objects["Deployment"]["spec"]
    scaler = objects["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (1, 4)


def test_an_experiment_that_asks_for_the_most_pods_keeps_the_autoscaler() -> None:
    objects = by_kind("serving-pair")
    assert "replicas" not in objects["Deployment"]["spec"]
    assert "HorizontalPodAutoscaler" in objects


def test_a_single_pod_has_no_autoscaler_and_does_not_block_a_drain() -> None:
    objects = by_kind("serving-single")
    assert objects["Deployment"]["spec"]["replicas"] == 1
    assert "HorizontalPodAutoscaler" not in objects
    assert objects["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert by_kind("serving-pair")["PodDisruptionBudget"]["spec"]["minAvailable"] == 1


def test_a_service_finds_the_pods_of_its_deployment() -> None:
    objects = by_kind("serving-scaled")
    wanted = objects["Service"]["spec"]["selector"].items()
    assert wanted <= objects["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    assert dict(wanted) == objects["Deployment"]["spec"]["selector"]["matchLabels"]


def test_an_update_never_takes_the_last_pod_first() -> None:
    strategy = by_kind("serving-scaled")["Deployment"]["spec"]["strategy"]
    assert strategy["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.requirement("RET-10", "RET-14")
def test_retraining_is_checked_every_sunday_at_two() -> None:
    (cron,) = rendered("cronjob")
    assert cron["spec"]["schedule"] == "0 2 * * 0"
    assert cron["spec"]["timeZone"] == "Europe/Vienna"
    assert cron["spec"]["suspend"] is False
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"


@pytest.mark.requirement("RET-2")
def test_retraining_is_configured_by_a_file(tmp_path: Path) -> None:
    template = {"data": {"source": {"dataset": {"uri": "file:///data/papers.jsonl"}}}}
    policy = {"schedule": "30 4 * * 1", "triggers": {"onSchedule": "Always"}, "template": template}
    named = {"name": "arxiv", "namespace": "papers"}
    file = tmp_path / "retraining_config.json"
    file.write_text(json.dumps({"metadata": named, "spec": {"retraining": policy}}))
    model = Model.model_validate_json(file.read_text())
    scene = Scene(model, model, PLATFORM)
    (cron,) = manifests(EnsureCronJob(model.metadata.name, TOLD), scene)
    assert cron["spec"]["schedule"] == "30 4 * * 1"
    assert cron["spec"]["suspend"] is False
    told = check_input(ModelObservation(model), model.status, PLATFORM)
    assert told.policy.triggers.on_schedule == "Always"


def test_without_a_template_retraining_stands_still() -> None:
    (cron,) = rendered("cronjob-resting")
    assert cron["spec"]["suspend"] is True


def test_a_model_without_a_policy_has_no_cron_job() -> None:
    model = make_model()
    assert manifests(EnsureCronJob("arxiv", TOLD), Scene(model, model, PLATFORM)) == ()


def test_serving_without_its_model_cannot_be_rendered() -> None:
    with pytest.raises(NotFound, match="is gone"):
        manifests(EnsureServing("arxiv-v1-0-0", 1, 4), Scene(make_version(), None, S3))


@pytest.mark.parametrize("action", [start(StepName.TRAIN), EnsureServing("x", 1, 1)])
def test_an_action_of_another_kinds_is_a_programming_error(action: Any) -> None:
    with pytest.raises(TypeError, match="belongs to"):
        manifests(action, Scene(MODEL, MODEL, PLATFORM))


class TestResources:
    def resources(self, asked: dict[str, Any], platform: Platform = PLATFORM) -> Manifest:
        return step_resources(
            StepName.TRAIN, StepResources.model_validate({"train": asked}), platform
        )

    def test_a_gpu_is_added_to_what_is_built_in(self) -> None:
        assert self.resources({"limits": {"nvidia.com/gpu": "1"}}) == {
            "requests": {"cpu": "500m", "memory": "2Gi"},
            "limits": {"memory": "8Gi", "nvidia.com/gpu": "1"},
        }

    def test_a_raised_request_does_not_meet_a_lower_default_limit(self) -> None:
        merged = self.resources({"requests": {"memory": "64Gi"}})
        assert merged == {"requests": {"cpu": "500m", "memory": "64Gi"}}

    def test_the_installation_comes_between_the_run_and_what_is_built_in(self) -> None:
        configured = Platform(
            namespace="x",
            artifact_root="file:///artifacts",
            jobs_image="j",
            serving_image="s",
            job_defaults=(("train", {"requests": {"cpu": "4"}}),),
        )
        merged = self.resources({"limits": {"nvidia.com/gpu": "1"}}, configured)
        assert merged["requests"] == {"cpu": "4", "memory": "2Gi"}

    def test_the_register_step_has_its_own_entry(self) -> None:
        asked = StepResources.model_validate({"register": {"requests": {"cpu": "2"}}})
        merged = step_resources(StepName.REGISTER, asked, PLATFORM)
        assert merged["requests"]["cpu"] == "2"


def test_a_run_without_progress_url_mounts_no_token() -> None:
    job = manifests(start(StepName.TRAIN, S3), Scene(make_run(), MODEL, S3))[0]
    (spec,) = pod_specs(job)
    assert "progress-token" not in {volume["name"] for volume in spec["volumes"]}
