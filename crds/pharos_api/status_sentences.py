"""What each field that the operator writes means, for `kubectl explain` and the reference pages.

As ``sentences`` does for what people write.
"""

_WHEN = {"startedAt": "When it began.", "finishedAt": "When it ended."}
_OBJECT = {
    "observedGeneration": "The generation of the spec that this status tells of.",
    "conditions": "What is known of the object; they are the truth, the phase is derived.",
}
_COMMANDED = {"observedCommand": "The id of the last command that was carried out or refused."}

STATUS_SENTENCES: dict[str, dict[str, str]] = {
    "Condition": {
        "type": "What is told of.",
        "reason": "Why, in a word for machines.",
        "message": "Why, in a sentence for people.",
        "observedGeneration": "The generation of the spec that it tells of.",
        "lastTransitionTime": "Since when the status is this one.",
    },
    "Command": {
        "id": "Makes a repeated write harmless.",
        "verb": "What is asked for.",
        "by": "Who asked.",
        "reason": "Why, in their words.",
        "version": "The version that is meant, where the verb takes one.",
        "at": "When it was asked.",
    },
    "ModelStatus": _OBJECT
    | _COMMANDED
    | {
        "latestVersion": "The newest version that is registered.",
        "experiment": "Name of the running ABExperiment.",
        "quarantine": "Digests that may not return until somebody lifts that.",
        "judged": "UIDs of experiments whose rollback was carried out.",
        "registryDigest": "What the registry in the artifact store was last written from.",
        "selfTestedAt": "When the tests were last tried on equal arms.",
    },
    "VersionPointer": {
        "name": "Name of the ModelVersion.",
        "version": "Its version.",
        "since": "Since when.",
        "promotedBy": "UID of the experiment that brought it there, if one did.",
    },
    "Incoming": {
        "name": "Name of the ModelVersion.",
        "version": "Its version.",
        "reason": "Why, in a sentence.",
        "since": "Since when.",
    },
    "Route": {
        "revision": "Rises by one with every change.",
        "stable": "The ModelVersion that serves everybody else.",
        "stableVersion": "Its version.",
        "verifiedRevision": "The revision that every ready gateway has acknowledged.",
        "changedAt": "When the revision last rose.",
    },
    "RouteExperiment": {
        "name": "Name of the experiment.",
        "uid": "Its UID.",
        "salt": "What its lot is drawn with.",
        "candidate": "The ModelVersion that is tried.",
        "candidateVersion": "Its version.",
        "exposure": "The candidate's users, in ten-thousandths of all.",
    },
    "RouteMirror": {
        "name": "Name of the experiment.",
        "uid": "Its UID.",
        "candidate": "The ModelVersion that gets copies.",
        "candidateVersion": "Its version.",
        "percent": "Percentage of the requests that are copied.",
    },
    "Quarantined": {
        "version": "The version that was left.",
        "sha256": "Its digest: what is refused under any name.",
        "reason": "Why, in a sentence.",
        "at": "Since when.",
    },
    "RetrainingStatus": {
        "check": "The last check's Job that was acted on.",
        "checkedAt": "When it ended.",
        "due": "Whether it found a retraining due.",
        "reason": "Why, in a sentence.",
        "readings": "What each trigger gave.",
        "newSamples": "Samples that had come since the last training.",
        "run": "The last TrainingRun that came of a check.",
        "runStartedAt": "When it was made.",
        "runFinishedAt": "When it ended; the cool-down counts from then.",
        "fired": "The triggers that it came of.",
        "month": "The calendar month that gpuSeconds tell of.",
        "gpuSeconds": "GPU-seconds that retrainings used in it.",
        "acted": "UIDs of the checks that were acted on and are still there.",
        "counted": "What each run that is still there has in gpuSeconds.",
    },
    "Attempt": {
        "run": "The TrainingRun.",
        "parent": "The version that it was to follow.",
        "answered": "Triggers that retrainings after this parent were started for.",
        "datasetSha256": "Digest of its data set: what it holds is not new.",
        "rawUri": "The papers that it collected.",
        "dataUntil": "Their last day.",
    },
    "NotificationStatus": {
        "since": "What happened before is not told any more.",
        "sent": "Keys of what every service has taken, while it could be told again.",
    },
    "WatchedWindow": {
        "version": "The version in production.",
        "since": "When it came there.",
        "until": "When the window was summed up.",
        "requests": "Requests that the gateways answered with it.",
        "errors": "Answers 5xx among them.",
        "p95LatencyMs": "95 % of the requests took no longer.",
        "logged": "Errors in the prediction log by their code; absent where no log could be read.",
    },
    "TriggerReading": {
        "value": "What was read, in the trigger's own unit.",
        "limit": "From where it starts a run.",
        "message": "The same in a sentence.",
    },
    "DriftReading": {
        "texts": "Texts in the window.",
        "inputScore": "How far the texts have moved.",
        "predictionScore": "How far the predicted labels have moved.",
        "labelScore": "How far the true labels have moved.",
        "confidenceScore": "How far the confidences have moved.",
        "detected": "Whether a score is over the limit.",
        "reportUri": "Where the report lies.",
    },
    "TrainingRunStatus": _OBJECT
    | _COMMANDED
    | _WHEN
    | {
        "steps": "The steps in their order.",
        "version": "The version that was registered.",
        "refusedVersion": "A version that was asked for and is taken.",
        "modelVersion": "Name of the ModelVersion that came of it.",
        "metrics": "What evaluate measured.",
        "suspendedAt": "Since when it is suspended.",
        "suspendedSeconds": "How long it was suspended, not counted to its deadline.",
    },
    "StepStatus": _WHEN
    | {
        "job": "Name of its present Job.",
        "attempts": "Jobs so far.",
        "excusedAttempts": "Those that do not count: preempted, smaller again, before a retry.",
        "retryAt": "When the next one starts.",
        "batchDivisor": "By how much the micro-batch was divided after memory ran out.",
        "message": "What it last said.",
        "outputs": "What it left, by name.",
        "metrics": "What it measured, by name.",
    },
    "ProgressStatus": {
        "percent": "How much is done.",
        "etaS": "Seconds that it will still take, at this pace.",
        "epoch": "Passes over the training split so far.",
        "loss": "The last training loss.",
        "samplesPerSecond": "The pace.",
        "message": "In a sentence.",
        "updatedAt": "When it said so.",
    },
    "SearchStatus": {
        "study": "Name of the study in the database.",
        "trials": "Trials that are asked for.",
        "completed": "Trials that ended with a value.",
        "pruned": "Trials that were cut short as worse than others.",
        "failed": "Trials that could not be measured.",
        "running": "Trials at work.",
        "repeated": "Trials that were interrupted and put up again.",
        "gpuHours": "GPU-hours so far.",
        "current": "Those at work, twenty at most.",
        "reason": "Why it ended before its trials were done.",
    },
    "TrialStatus": {
        "number": "Its number in the study.",
        "value": "Its accuracy on the validation split so far.",
        "latencyMs": "Milliseconds for one text, where that is an objective.",
        "evaluations": "How often it was measured.",
        "worker": "Index of the pod that has it.",
        "repeats": "The trial whose place it took.",
        "params": "Its hyperparameters.",
    },
    "ModelVersionStatus": _OBJECT
    | {
        "replicas": "Pods that are wanted.",
        "readyReplicas": "Pods that answer.",
        "preferredEngine": "The engine that its pods shall take.",
        "promotedAt": "When it became production.",
        "recordedDigest": "What its row in the database was last written from.",
    },
    "EngineStatus": {
        "name": "The variant, as OpenVino-Int8.",
        "textsPerSecond": "What a pod reached in its self-benchmark.",
        "template": "Hash of the pod's template: pods of another one are asked anew.",
    },
    "ABExperimentStatus": _OBJECT
    | _COMMANDED
    | _WHEN
    | {
        "control": "The ModelVersion that it is compared with.",
        "controlVersion": "Its version.",
        "candidateVersion": "The candidate's version.",
        "salt": "What its lot is drawn with.",
        "exposure": "The candidate's users that are asked for, in ten-thousandths of all.",
        "weight": "The candidate's percentage that every gateway has confirmed.",
        "weightVerified": "Whether that is what is asked for.",
        "currentStep": "Counts from 0.",
        "stepStartedAt": "Since when the step's clock runs; absent while gateways confirm.",
        "reason": "Why it ended, or where it stands, in a sentence.",
        "failedAt": "When it turned back.",
        "paused": "Whether somebody holds it.",
        "pausedAt": "Since when.",
        "exposedAt": "When the first user could meet the candidate.",
        "candidateReplicas": "Pods that the candidate needs for this share.",
        "candidateUnreadySince": "Since when no pod of the candidate answers.",
        "mirror": "Percentage of the requests that are copied.",
        "stagedAt": "When the staging tests had passed.",
        "shadowedAt": "When copying began.",
        "switchedAt": "When everybody was switched, in BlueGreen.",
        "evidence": "The records of its decisions.",
        "measurements": "Each metric, as last looked at.",
    },
    "ArmCounts": {
        "version": "The version of the arm.",
        "requests": "Requests that were answered.",
        "errors": "Those that failed.",
    },
    "Plan": {
        "requiredUsers": "Users an arm that the goals need.",
        "users": "Users of the smaller arm so far.",
        "ready": "When the rest will have come, at the present traffic.",
        "warning": "Why maxDuration may not be met, and what to do.",
    },
    "Evidence": {
        "name": "Name of the immutable ConfigMap.",
        "decision": "What was decided.",
        "at": "When.",
    },
    "Measurement": {
        "metric": "Name of the metric.",
        "slice": "The group that it is about; empty for everybody.",
        "message": "The same in a sentence.",
        "candidate": "The candidate's value.",
        "control": "The control's value.",
        "limit": "What it is held to.",
        "query": "The query, to be repeated by anyone.",
        "at": "When it was measured.",
    },
}
