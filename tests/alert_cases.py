"""Of each alert: series on which it must fire and go out again, and series on which it must not.

Values are in promtool's notation, one every 30 s: ``0+10x60`` rises by 10 sixty times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pharos_api import names

Series = Mapping[str, str]
CLUSTER = "default/arxiv/v1-1-0/candidate"
SHADOW = "default/arxiv/v1-1-0/shadow"
WHO = {"namespace": "default", "model": "arxiv"}
POD = {"job": "pharos-serving-default", "instance": "10.0.0.7:8080"}
SERVER = POD | WHO | {"version": "v1.1.0"}
RUN = WHO | {"training_run": "weekly-7"}
REPLICAS = tuple({"job": "pharos-operator", "instance": f"10.0.0.{n}:8090"} for n in (1, 2))
GATEWAY = {"job": "pharos-gateway", "instance": "10.0.0.3:9902"}
DAY_S = 86_400


def series(metric: str, *labels: Mapping[str, str], **more: str) -> str:
    """A series' name as PromQL has it."""
    found = {name: value for each in (*labels, more) for name, value in each.items()}
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in found.items()) + "}"


def requests(values: str, cluster: str = CLUSTER) -> dict[str, str]:
    return {series(names.ENVOY_REQUESTS, {names.ENVOY_LABEL_CLUSTER: cluster}): values}


def errors(values: str, cluster: str = CLUSTER, of_class: str = "5") -> dict[str, str]:
    who = {names.ENVOY_LABEL_CLUSTER: cluster, names.ENVOY_LABEL_CLASS: of_class}
    return {series(names.ENVOY_REQUESTS_BY_CLASS, who): values}


def latencies(**by_bound: str) -> dict[str, str]:
    """Buckets: ``le200="0+9x80"``; ``inf`` is the last one."""
    who = {names.ENVOY_LABEL_CLUSTER: CLUSTER}
    bounds = {name: "+Inf" if name == "inf" else name.removeprefix("le") for name in by_bound}
    return {
        series(names.ENVOY_LATENCY_BUCKET, who, le=bounds[name]): values
        for name, values in by_bound.items()
    }


def confidences(low: str, made: str, arm: str = "outside") -> dict[str, str]:
    return {
        series(names.METRIC_LOW_CONFIDENCE, SERVER, arm=arm): low,
        series(f"{names.METRIC_CONFIDENCE}_count", SERVER, arm=arm): made,
    }


def opinions(**by_opinion: str) -> dict[str, str]:
    """What people said of production, as the leader tells it."""
    of = REPLICAS[0] | WHO | {"version": "v1.1.0"}
    return {
        series(names.METRIC_OPINIONS, of, opinion=opinion): values
        for opinion, values in by_opinion.items()
    }


def drops(values: str) -> dict[str, str]:
    of = POD | {"reason": "queue-full", "arm": "candidate"}
    return {
        series(names.METRIC_LOG_DROPPED, of): values,
        series(names.METRIC_MODEL_INFO, SERVER, sha256="a", engine="OpenVino"): "1+0x100",
    }


def finished(phase: str, run: str, values: str) -> dict[str, str]:
    of = REPLICAS[0] | WHO | {"training_run": run, "phase": phase}
    return {series(names.METRIC_RUN_FINISHED, of): values}


def trust(status: str, values: str) -> dict[str, str]:
    return condition("AnalysisTrustworthy", status, "SelfTested", values)


def condition(kind: str, status: str, reason: str, values: str) -> dict[str, str]:
    of = REPLICAS[0] | WHO | {"type": kind, "status": status, "reason": reason}
    return {series(names.METRIC_MODEL_CONDITION, of): values}


def drift(**by_kind: str) -> dict[str, str]:
    of = REPLICAS[0] | WHO
    return {series(names.METRIC_DRIFT, of, kind=kind): values for kind, values in by_kind.items()}


def retraining(phase: str, run: str, values: str) -> dict[str, str]:
    """A run with a cause, and when it ended."""
    of = REPLICAS[0] | WHO | {"training_run": run, "trigger": "DataGrowth", "phase": phase}
    began = series(names.METRIC_RETRAINING_PHASE, of)
    return {began: "1+0x130"} | finished(phase, run, values)


def routes(*of: tuple[str, str]) -> dict[str, str]:
    """Wanted and verified revision, as each replica of the operator knows them."""
    return {
        series(metric, replica, WHO): values
        for replica, both in zip(REPLICAS, of, strict=False)
        for metric, values in zip(
            (names.METRIC_ROUTE_REVISION, names.METRIC_ROUTE_VERIFIED), both, strict=True
        )
    }


def leads(*of: str) -> dict[str, str]:
    found = zip(REPLICAS, of, strict=True)
    return {series(names.METRIC_LEADING, replica): values for replica, values in found}


def volume(available: str, namespace: str = "papers") -> dict[str, str]:
    of = {"namespace": namespace, "persistentvolumeclaim": "pharos-artifacts"}
    return {
        series("kubelet_volume_stats_available_bytes", of): available,
        series("kubelet_volume_stats_capacity_bytes", of): "1000+0x100",
    }


def certificate(values: str, **labels: str) -> dict[str, str]:
    return {series("certmanager_certificate_expiration_timestamp_seconds", **labels): values}


@dataclass(frozen=True)
class Case:
    """``bad`` goes wrong and is mended: silent at first, firing, then silent again.

    The three times are in minutes. ``silent`` are other worlds in which it never fires.
    """

    alert: str
    bad: Series
    not_yet_min: int
    firing_min: int
    mended_min: int
    labels: Mapping[str, str]
    summary: str
    silent: Mapping[str, Series] = field(default_factory=dict)


CASES: dict[str, Case] = {
    "one request in ten fails for ten minutes": Case(
        "PharosHighErrorRate",
        requests("0+10x60") | errors("0+1x20 20+0x40"),
        1,
        8,
        16,
        WHO,
        "⚠️ High error rate: 10.0%",
        {
            "one request in twenty-five fails": requests("0+10x60") | errors("0+0.4x60"),
            "callers send bad requests": requests("0+10x60") | errors("0+9x60", of_class="4"),
            "too few requests to say anything": requests("0+1x60") | errors("0+1x60"),
            "only copies to a shadow fail": requests("0+10x60")
            | requests("0+10x60", SHADOW)
            | errors("0+10x60", SHADOW),
            "there is no traffic": requests("0+0x60") | errors("0+0x60"),
        },
    ),
    "all requests fail from the first one on": Case(
        "PharosHighErrorRate",
        requests("_x4 10+10x10 110+10x40") | errors("_x4 10+10x10 110+0x40"),
        1,
        5,
        16,
        WHO,
        "⚠️ High error rate: 100.0%",
    ),
    "one request in ten takes more than 200 ms": Case(
        "PharosHighLatency",
        latencies(le200="0+9x40 370+10x40", le300="0+10x80", inf="0+10x80") | requests("0+10x80"),
        4,
        15,
        35,
        WHO,
        "⚠️ High latency: 250ms (p95)",
        {
            "one in a hundred does": latencies(le200="0+9.9x80", le300="0+10x80", inf="0+10x80")
            | requests("0+10x80"),
            "too few requests to say anything": latencies(
                le200="0+0x80", le300="0+1x80", inf="0+1x80"
            )
            | requests("0+1x80"),
        },
    ),
    "four predictions in ten are uncertain": Case(
        "PharosLowConfidence",
        confidences("0+4x60 240+0x80", "0+10x140"),
        9,
        25,
        60,
        WHO,
        "⚠️ High low-confidence rate: 40.0%",
        {
            "three in ten are, which is the limit": confidences("0+3x140", "0+10x140"),
            "only the shadow's are": confidences("0+9x140", "0+10x140", "shadow"),
            "too few predictions to say anything": confidences("0+0.5x140", "0+0.5x140"),
        },
    ),
    "one user in five is not satisfied, until the next version": Case(
        "PharosLowSatisfaction",
        opinions(rated="100+0x140", satisfied="90+0x9 80+0x59 90+0x69"),
        4,
        25,
        40,
        WHO,
        "⚠️ Low satisfaction: 80.0%",
        {
            "three in twenty are not, which is the limit": opinions(
                rated="100+0x140", satisfied="85+0x140"
            ),
            "too few opinions to say anything": opinions(rated="49+0x140", satisfied="0+0x140"),
            "nobody rates": opinions(rated="0+0x140", satisfied="0+0x140"),
        },
    ),
    "people give another label to one prediction in five": Case(
        "PharosLowAgreement",
        opinions(labelled="200+0x140", agreed="190+0x9 160+0x59 190+0x69"),
        4,
        25,
        40,
        WHO,
        "⚠️ Low agreement with people: 80.0%",
        {
            "to one in ten, which is the limit": opinions(labelled="200+0x140", agreed="180+0x140"),
            "too few labels to say anything": opinions(labelled="49+0x140", agreed="0+0x140"),
        },
    ),
    "a server gives up rows, and the counter begins with them": Case(
        "PharosLogDrops",
        drops("_x10 3+0x60"),
        4,
        7,
        20,
        WHO | {"reason": "queue-full"},
        "3 rows of the prediction log were given up",
        {"rows were given up long ago": drops("_x1 stale")},
    ),
    "a run says nothing for half an hour, then goes on": Case(
        "PharosTrainingRunStuck",
        {
            series(names.METRIC_RUN_PROGRESSED, REPLICAS[0], RUN, phase="Training"): (
                "60+0x90 2700+0x60"
            )
        },
        33,
        40,
        47,
        RUN | {"phase": "Training"},
        "A training run has been silent for 39m 0s",
        {
            "a run reports all the time": {
                series(names.METRIC_RUN_PROGRESSED, RUN, phase="Training"): "0+30x100"
            },
        },
    ),
    "a run fails, and a later one succeeds": Case(
        "PharosTrainingFailed",
        finished("Failed", "weekly-7", "_x10 300+0x100")
        | finished("Succeeded", "weekly-8", "_x60 1800+0x60"),
        4,
        6,
        31,
        RUN,
        "A training run has failed",
        {
            "the failure is older than the last success": finished("Failed", "weekly-6", "0+0x100")
            | finished("Succeeded", "weekly-7", "1+0x100"),
            "the failure is more than a day old": finished(
                "Failed", "weekly-7", f"-{DAY_S + 60}+0x100"
            ),
            "it is a retraining, which has its own alert": retraining(
                "Failed", "retrain-7", "300+0x100"
            ),
        },
    ),
    "texts drift until the next check finds them near again": Case(
        "PharosDriftDetected",
        drift(input="0.04+0x9 1.04+0x39 0.05+0x40", label="0.02+0x90")
        | condition("DriftDetected", "True", "Drifted", "_x10 1+0x39 stale")
        | condition("DriftDetected", "False", "WithinLimits", "1+0x9 stale _x39 1+0x40"),
        4,
        10,
        27,
        WHO,
        "⚠️ Drift: 1.04 in arxiv",
        {
            "a score that chance can explain": drift(input="0.31+0x90")
            | condition("DriftDetected", "False", "WithinLimits", "1+0x90"),
            "too few texts to say anything": condition(
                "DriftDetected", "Unknown", "TooFewTexts", "1+0x90"
            ),
        },
    ),
    "a retraining fails, and the next one succeeds": Case(
        "PharosRetrainingFailed",
        retraining("Failed", "retrain-7", "_x10 300+0x100")
        | retraining("Succeeded", "retrain-8", "_x60 1800+0x60"),
        4,
        6,
        31,
        WHO,
        "The last retraining of arxiv has failed",
        {
            "the failure is older than the last success": retraining(
                "Failed", "retrain-6", "0+0x100"
            )
            | finished("Succeeded", "weekly-7", "1+0x100"),
            "a person's run failed, which has its own alert": finished(
                "Failed", "weekly-7", "300+0x100"
            ),
            "a retraining is under way": {
                series(names.METRIC_RETRAINING_PHASE, RUN, trigger="Drift", phase="Training"): (
                    "1+0x100"
                )
            },
        },
    ),
    "the API server refuses a retraining, and the next one starts": Case(
        "PharosRetrainingFailed",
        condition("RetrainingDue", "False", "RunRefused", "_x10 1+0x39 stale")
        | condition("RetrainingDue", "True", "RetrainingStarted", "1+0x9 stale _x39 1+0x40"),
        4,
        8,
        27,
        WHO,
        "The last retraining of arxiv has failed",
    ),
    "a retraining failed more than a day ago, and nothing came after it": Case(
        "PharosRetrainingFailed",
        retraining("Failed", "retrain-7", f"_x10 {-2 * DAY_S}+0x40 stale"),
        4,
        8,
        27,
        WHO,
        "The last retraining of arxiv has failed",
    ),
    "a check gives no answer, and the next one does": Case(
        "PharosRetrainingCheckFailed",
        condition("RetrainingDue", "False", "CheckFailed", "_x10 1+0x39 stale")
        | condition("RetrainingDue", "False", "NotDue", "1+0x9 stale _x39 1+0x40"),
        4,
        10,
        27,
        WHO,
        "The last retraining check of arxiv has failed",
        {
            "the month's hours are used up, which was meant": condition(
                "RetrainingDue", "False", "OverBudget", "1+0x90"
            ),
            "a retraining has started": condition(
                "RetrainingDue", "True", "RetrainingStarted", "1+0x90"
            ),
        },
    ),
    "the self-test distrusts the log for ten minutes": Case(
        "PharosAnalysisUntrustworthy",
        trust("False", "_x2 1+0x18 stale") | trust("True", "1 stale _x20 1+0x40"),
        1,
        5,
        15,
        WHO,
        "Experiments cannot trust the traffic of arxiv",
        {"it trusts the log": trust("True", "1+0x40")},
    ),
    "a gateway has no operator for ten minutes": Case(
        "PharosGatewayWithoutOperator",
        {series(names.ENVOY_CONNECTED, GATEWAY): "1+0x9 0+0x19 1+0x20"},
        6,
        9,
        18,
        GATEWAY,
        "The gateway 10.0.0.3:9902 has no connection to the operator",
        {
            "the connection is made anew": {
                series(names.ENVOY_CONNECTED, GATEWAY): "1+0x9 0+0x2 1+0x40"
            }
        },
    ),
    "a gateway does not take a route for ten minutes": Case(
        "PharosGatewayStale",
        routes(("3+0x60", "2+0x20 3+0x40"), ("3+0x60", "2+0x20 3+0x40")),
        4,
        8,
        14,
        WHO,
        "Gateways have not taken the route of arxiv",
        {
            "one replica learns of it later": routes(
                ("3+0x60", "3+0x60"), ("3+0x60", "2+0x30 3+0x30")
            ),
            "routes change often and are taken at once": routes(("0+1x60", "0 0+1x59")),
        },
    ),
    "both replicas run and none leads": Case(
        "PharosOperatorWithoutLeader",
        leads("1+0x9 0+0x20 1+0x30", "0+0x60"),
        5,
        9,
        17,
        {"job": "pharos-operator"},
        "No replica of the operator leads",
        {"the lead passes to the other": leads("1+0x9 0+0x50", "0+0x9 1+0x50")},
    ),
    "there is no operator": Case(
        "PharosOperatorWithoutLeader",
        {series(names.METRIC_LEADING, REPLICAS[0]): "1+0x4 stale _x10 1+0x40"},
        1,
        6,
        12,
        {},
        "No replica of the operator leads",
    ),
    "a volume fills up and is enlarged": Case(
        "PharosVolumeFull",
        volume("500+0x9 50+0x30 500+0x60"),
        8,
        12,
        25,
        {"namespace": "papers", "persistentvolumeclaim": "pharos-artifacts"},
        "The volume pharos-artifacts has 5.0% left",
        {
            "there is room": volume("200+0x60"),
            "somebody else's volume is full": volume("1+0x60", namespace="mail"),
        },
    ),
    "a certificate has ten days left, then is renewed": Case(
        "PharosCertificateExpires",
        certificate(
            f"{10 * DAY_S}+0x360 {90 * DAY_S}+0x120", name="edge", exported_namespace="papers"
        ),
        30,
        120,
        190,
        {"name": "edge", "exported_namespace": "papers"},
        "A certificate expires in 10 days",
        {
            "it has a month left": certificate(
                f"{30 * DAY_S}+0x480", name="edge", namespace="papers"
            ),
            "somebody else's expires": certificate("60+0x480", name="mail", namespace="mail"),
        },
    ),
}
