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
    "send": (
        "Write a registered model to the standard output, as a tar archive.",
        "Every file is held to the manifest first, and the manifest to the digest. Waits for the "
        "end of the standard input before it begins.",
    ),
    "inventory": (
        "Tell every model and version below an artifact root, as JSON.",
        "Reads the versions' own files and the registry's projections; changes nothing.",
    ),
    "compare": (
        "Compare two registered versions on the same labelled texts, as JSON.",
        "McNemar's exact test and the interval of the difference. With --data - the texts come "
        "from the standard input; without --data they are test texts that neither has learnt from.",
    ),
    "restore": (
        "Copy an archived version back to its place.",
        "Every file is held to its digest; what is whole at the place stays as it is.",
    ),
    "sign": (
        "Sign a registered model, or sign it anew with another key.",
        "Writes model.sig beside the manifest, in the model-signing format.",
    ),
    "retain": (
        "Put away what its time is over for: delete, or move to the archive.",
        "Reads a RetentionInput (JSON) from PHAROS_RETENTION_INPUT or standard input; what stands "
        "in it stays.\nWith --show nothing is touched and the plan is printed as JSON.",
    ),
    "erase": (
        "Forget one user: rows, feedback, training samples and caches.",
        "Reads an ErasureInput (JSON) from standard input and prints the receipt. Needs "
        "PHAROS_DATABASE_URL and PHAROS_USER_HASH_KEY; may be stopped and run again.",
    ),
    "verify": (
        "Try a served candidate: smoke, contract and reference answers.",
        "Reads a VerifyInput (JSON) from PHAROS_VERIFY_INPUT or standard input. Exits with 76 when "
        "the candidate answers otherwise than it must, with 72 when it does not answer in time.",
    ),
}
