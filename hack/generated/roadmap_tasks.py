"""What is to be done for each row of the requirements that may be open, in a few words."""

_ON_GPU = "Train DistilBERT on 10,000 papers on a GPU and record time and memory."
_ACCURATE = "Reach 0.90 on the validation split of ten classes."
_PEOPLE = "Measure it on labels and feedback of real users."

TASKS = {
    "GOL-1": "All three sources and retraining, proven together on a cluster.",
    "GOL-2": "Train on 10,000 papers that were collected from arXiv itself.",
    "GOL-3": _ACCURATE,
    "GOL-5": _ON_GPU,
    "TRN-21": f"{_ACCURATE} {_ON_GPU}",
    "TRN-26": _ON_GPU,
    "TST-12": _ACCURATE,
    "PRF-1": "Half the memory with 16 bits: weights or optimiser in fewer bytes.",
    "PRF-5": _ON_GPU,
    "PRF-6": "Measure the speed of a model that keeps its accuracy in int8.",
    "PRF-11": "Collect over several connections where keys allow it.",
    "PRF-12": "Let `prepare` use more than one core.",
    "CHK-2": _ACCURATE,
    "SUC-5": _ACCURATE,
    "SUC-9": _ON_GPU,
    "SUC-10": "State what the overhead is a share of, and keep it under a tenth.",
    "SUC-17": _PEOPLE,
    "SUC-19": _PEOPLE,
    "FUT-2": "Collect who cites whom, and a recipe that uses it and influence.",
    "FUT-3": "Curriculum: easy examples first.",
    "FUT-4": "Classification and summarising on one encoder.",
    "FUT-5": "New categories from few examples, by meta-learning.",
    "FUT-9": "Train on several GPUs and measure the gain.",
    "FUT-10": "Compare with TorchServe, or serve through it.",
    "FUT-12": "LIME or SHAP beside leaving words out; show attention.",
    "FUT-14": "Train where the data lies.",
    "CON-1": "All of it, proven together.",
}
