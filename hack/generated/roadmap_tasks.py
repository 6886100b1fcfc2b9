"""What is to be done for each row of the requirements that may be open, in a few words."""

_ON_GPU = "Train DistilBERT on 10,000 papers on a GPU and record time and memory."
_ACCURATE = "Reach 0.90 on the validation split of ten classes."
_RETRAINING = "The weekly check that weighs its triggers and starts a run."
_RETRAINED = "New papers merged with the old set, trained, compared, promoted or archived."
_RETENTION = "A retention Job by reachability, with a dry run."
_CARD = "A model card for each version, from facts alone."
_NOTIFY = "Notifications of retrainings, promotions and rollbacks."
_PEOPLE = "Measure it on labels and feedback of real users."

TASKS = {
    "GOL-1": "All three sources and retraining, proven together on a cluster.",
    "GOL-2": "Train on 10,000 papers that were collected from arXiv itself.",
    "GOL-3": _ACCURATE,
    "GOL-5": _ON_GPU,
    "GOL-6": _RETRAINED,
    "GOL-8": _RETRAINED,
    "TRN-21": f"{_ACCURATE} {_ON_GPU}",
    "TRN-26": _ON_GPU,
    "VER-7": "Compare two versions on the same texts by a paired test.",
    **{f"RET-{number}": _RETRAINING for number in (1, 2, 4, 9, 10, 11, 12, 13, 14, 16, 22)},
    **{f"RET-{number}": _RETRAINED for number in (3, 5, 6, 7, 8, 15, 17, 18, 19, 20, 21, 24)},
    **{f"RET-{number}": _NOTIFY for number in (23, 25)},
    "TST-12": _ACCURATE,
    "PRF-1": "Half the memory with 16 bits: weights or optimiser in fewer bytes.",
    "PRF-5": _ON_GPU,
    "PRF-6": "Measure the speed of a model that keeps its accuracy in int8.",
    "PRF-11": "Collect over several connections where keys allow it.",
    "PRF-12": "Let `prepare` use more than one core.",
    "PRF-14": "Move older versions to an archive URI.",
    **{f"SEC-{number}": _RETENTION for number in (9, 10, 11)},
    "SEC-12": "Aggregate and anonymise prediction logs after 30 days.",
    "SEC-13": "`anonymize_prediction_log`, called where logs leave the database.",
    "SEC-14": "Erase all that is kept of a user, on request.",
    "SEC-15": "A page that says which data is used for what, and for how long.",
    **{f"SEC-{number}": _CARD for number in range(16, 21)},
    "CHK-2": _ACCURATE,
    "CHK-4": "Tests and staging as one answer before a deployment.",
    "CHK-6": "Version, staging and smoke tests as one chain on a cluster.",
    "SUC-5": _ACCURATE,
    "SUC-9": _ON_GPU,
    "SUC-10": "State what the overhead is a share of, and keep it under a tenth.",
    "SUC-17": _PEOPLE,
    "SUC-18": "Measure the share of low confidence on real requests.",
    "SUC-19": _PEOPLE,
    "SUC-20": _RETRAINED,
    "FUT-2": "Collect who cites whom, and a recipe that uses it and influence.",
    "FUT-3": "Curriculum: easy examples first.",
    "FUT-4": "Classification and summarising on one encoder.",
    "FUT-5": "New categories from few examples, by meta-learning.",
    "FUT-8": "Train SciBERT and BioBERT at full size and compare.",
    "FUT-9": "Train on several GPUs and measure the gain.",
    "FUT-10": "Compare with TorchServe, or serve through it.",
    "FUT-12": "LIME or SHAP beside leaving words out; show attention.",
    "FUT-13": "A queue of uncertain texts that people label.",
    "FUT-14": "Train where the data lies.",
    "CON-1": "All of it, proven together.",
}
