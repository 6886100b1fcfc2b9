"""The register step sees the private key, servers see the public ones, and nobody else any."""

from dataclasses import replace

import pytest
from render_cases import MODEL, RUN, VERSION, start
from run_builders import PLATFORM

from pharos_api.trainingrun import StepName
from pharos_operator.decide.decision import EnsureServing, Manifest
from pharos_operator.render.deployment import deployment
from pharos_operator.render.job import step_job

SIGNING = replace(PLATFORM, signing_secret="model-signing", signing_required=True)


def keys(manifest: Manifest) -> list[str]:
    """The keys of the signing Secret that a pod mounts."""
    volumes = manifest["spec"]["template"]["spec"]["volumes"]
    found = [v["secret"] for v in volumes if v["name"] == "signing"]
    return [item["key"] for secret in found for item in secret["items"]]


def variables(manifest: Manifest) -> dict[str, str]:
    (container,) = manifest["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


@pytest.mark.parametrize("step", [each for each in StepName if each is not StepName.SEARCH])
def test_the_private_key_goes_to_the_register_step_alone(step: StepName) -> None:
    job = step_job(start(step, SIGNING), RUN, SIGNING)
    is_register = step is StepName.REGISTER
    assert keys(job) == (["private.pem"] if is_register else [])
    assert ("PHAROS_SIGNING_KEY_FILE" in variables(job)) == is_register


def test_servers_get_the_public_keys_and_what_is_asked_of_them() -> None:
    signed = VERSION.spec.artifact.model_copy(update={"signature": "model.sig"})
    version = VERSION.model_copy(
        update={"spec": VERSION.spec.model_copy(update={"artifact": signed})}
    )
    made = deployment(EnsureServing("arxiv-v1-0-0", 1, 1), version, MODEL, SIGNING)
    assert keys(made) == ["public.pem"]
    told = variables(made)
    assert told["PHAROS_SIGNING_KEYS_FILE"] == "/var/run/pharos/signing/public.pem"
    assert (told["PHAROS_SIGNING_REQUIRED"], told["PHAROS_MODEL_SIGNATURE"]) == (
        "true",
        "model.sig",
    )


def test_without_a_secret_nothing_is_told_of_signatures() -> None:
    made = deployment(EnsureServing("arxiv-v1-0-0", 1, 1), VERSION, MODEL, PLATFORM)
    assert keys(made) == []
    assert not [name for name in variables(made) if "SIGN" in name]
