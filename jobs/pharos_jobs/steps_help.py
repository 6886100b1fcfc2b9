"""What ``--help`` says of each command."""

_STEP = "Reads a StepInput (JSON) from PHAROS_STEP_INPUT or --step-input; or takes the flags below."

COMMANDS = {
    "collect": (
        "Collect papers from arXiv, PubMed, Semantic Scholar or a labelled file.",
        f"{_STEP}\n\n"
        "Input:   spec.data.source (arxiv, pubmed, semanticScholar, plugin or dataset)\n"
        "Writes:  raw/<run>/papers.jsonl.gz, metadata.json, and each page as it came\n"
        "Outputs: rawUri, rawSha256, papers",
    ),
    "prepare": (
        "Clean, label, deduplicate, balance and split papers.",
        f"{_STEP}\n\n"
        "Input:   rawUri\n"
        "Writes:  datasets/<sha256>/{train,val,test}.jsonl.gz, card.json\n"
        "Outputs: datasetUri, datasetSha256, samples, classes, labels",
    ),
    "search": (
        "Search for hyperparameters, trial by trial.",
        f"{_STEP}\n\n"
        "Input:   datasetUri, spec.search\n"
        "Writes:  runs/<run>/search/ best_params.json, trials.json and the plots\n"
        "Outputs: searchUri, bestParamsUri, hyperparameters; metric searchAccuracy\n"
        "The study lies in PHAROS_DATABASE_URL, else in a file: run again, it goes on.",
    ),
    "train": (
        "Fine-tune the base model and export it.",
        f"{_STEP}\n\n"
        "Input:   datasetUri\n"
        "Writes:  runs/<run>/checkpoints, runs/<run>/logs (TensorBoard), runs/<run>/model\n"
        "Outputs: checkpointUri, checkpointSha256, trainSeconds, samplesPerSecond\n"
        "SIGTERM saves a checkpoint and exits with 75: the next try goes on from it.",
    ),
    "evaluate": (
        "Measure the model and a linear baseline, and judge by the quality gate.",
        f"{_STEP}\n\n"
        "Input:   datasetUri, checkpointUri\n"
        "Writes:  runs/<run>/evaluation/ evaluation.json, test_results.json, a report and\n"
        "         reference_answers.jsonl, to which the served model is held later\n"
        "Outputs: evaluationUri; metrics. Exits with 73 when the gate is missed.",
    ),
    "register": (
        "Store the evaluated model as an immutable version.",
        f"{_STEP}\n\n"
        "Input:   datasetUri, checkpointUri, evaluationUri\n"
        "Writes:  models/<namespace>/<model>/vX.Y.Z/ with manifest.json\n"
        "Outputs: modelUri, modelSha256, sizeBytes, version",
    ),
    "predict": (
        "Classify the rows of a JSON Lines file with a registered model.",
        "Rows need title and abstract, or text; they keep their order and their other fields and\n"
        "get label, confidence and scores. With one bad row nothing is written: exits with 65.",
    ),
    "receive": (
        "Write standard input to a URI, whole or not at all.",
        "Prints the SHA-256 and the number of bytes.",
    ),
    "project": (
        "Rebuild version_registry.json and the production pointer.",
        "Reads a RegistryInput (JSON) from PHAROS_REGISTRY_INPUT or standard input; repeating it "
        "changes nothing.",
    ),
    "check": (
        "See whether a Model in production is to be trained again.",
        "Reads a CheckInput (JSON) from PHAROS_CHECK_INPUT or standard input. Counts what is new\n"
        "in the source, holds labelled predictions to the accuracy at the promotion, and measures\n"
        "drift. Leaves a CheckResult: whether a run is due, for which cause, and every reading.",
    ),
    "verify": (
        "Try a served candidate: smoke, contract and reference answers.",
        "Reads a VerifyInput (JSON) from PHAROS_VERIFY_INPUT or standard input. Exits with 76 when "
        "the candidate answers otherwise than it must, with 72 when it does not answer in time.",
    ),
}
