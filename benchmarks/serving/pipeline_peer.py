"""The peer: a transformers text-classification pipeline behind FastAPI, as most people serve one.

usage: python -m serving.pipeline_peer MODEL PORT THREADS
"""

import sys
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline


class Question(BaseModel):
    """What is asked."""

    text: str


def main() -> None:
    """Serve until told to stop."""
    model, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    classify = pipeline("text-classification", model=model, device="cpu", top_k=None)
    app = FastAPI()

    @app.post("/v1/classify")
    def answer(question: Question) -> dict[str, object]:
        """A plain function: FastAPI runs it in a thread of its pool."""
        found: Any = classify([question.text], truncation=True, max_length=512)
        scores = found[0]
        return {"label": scores[0]["label"], "scores": {s["label"]: s["score"] for s in scores}}

    @app.get("/v2/health/ready")
    def ready() -> dict[str, bool]:
        return {"ready": True}

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
