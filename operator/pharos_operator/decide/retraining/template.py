"""From the policy's template to the spec of the one TrainingRun that a check led to.

Also says in a sentence why a template cannot work. Must not decide whether a run is due.
"""

from pydantic import ValidationError

from pharos_api.data import Extension
from pharos_api.extending import extended
from pharos_api.meta import rfc3339, seconds
from pharos_api.model import FeedbackUse, Model, RetrainingPolicy
from pharos_api.modelversion import ModelVersion
from pharos_api.retraining import Cause
from pharos_api.trainingrun import TrainingRunSpec

# What of a run's spec follows from the policy and the check, and from nothing else.
_SET_HERE = ("modelRef", "cause", "replayOf", "activeDeadlineSeconds")


def flaw_of(model: Model, policy: RetrainingPolicy) -> str:
    """Why no run can be made from the template; empty where one can. A missing one is no flaw."""
    if policy.template is None:
        return ""
    try:
        as_run(model, policy, policy.template)
    except ValueError as problem:
        return sentence(problem)
    return ""


def as_run(
    model: Model, policy: RetrainingPolicy, template: dict[str, object], **more: object
) -> TrainingRunSpec:
    """The template as a whole spec. Raises ValueError where it cannot work."""
    for field in _SET_HERE:
        if field in template:
            raise ValueError(f"leave {field} out: it follows from the Model")
    whole = {
        **template,
        "modelRef": {"name": model.metadata.name},
        "activeDeadlineSeconds": int(seconds(policy.max_training_time)),
        **more,
    }
    spec = TrainingRunSpec.model_validate(whole)
    if not more and spec.data.extends is not None:
        raise ValueError("leave data.extends out: it is the data set of production")
    return spec


def retraining_spec(
    model: Model, policy: RetrainingPolicy, production: ModelVersion | None, cause: Cause
) -> TrainingRunSpec:
    """The run's spec: production's data set, extended by what is new since its last day.

    Without a data set to extend the template's own data is trained on. Raises ValueError where the
    template cannot work or its source has ended.
    """
    template = dict(policy.template or {})
    plain = as_run(model, policy, template)
    sha256 = production.spec.lineage.dataset_sha256 if production else None
    given: dict[str, object] = {"cause": cause.to_json()}
    if production is not None and sha256 is not None:
        day = known_until(production)
        labelled = policy.feedback is FeedbackUse.LABELLED
        feedback = day if labelled and day else None
        extension = Extension(dataset_sha256=sha256, feedback_since=feedback)
        given["data"] = extended(plain.data, extension, day).to_json()
    return as_run(model, policy, template, **given)


def known_until(version: ModelVersion) -> str:
    """The last day of a version's papers: as its lineage says, else the day it was registered.

    Empty where neither is known.
    """
    if version.spec.lineage.data_until is not None:
        return version.spec.lineage.data_until
    created = version.metadata.creation_timestamp
    return "" if created is None else rfc3339(created)[:10]


def sentence(problem: ValueError) -> str:
    """What is wrong, without what a validator adds for programmers."""
    if not isinstance(problem, ValidationError):
        return f"spec.retraining.template: {problem}"
    first = problem.errors(include_url=False)[0]
    place = ".".join(["spec.retraining.template", *(str(part) for part in first["loc"])])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
