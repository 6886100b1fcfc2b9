"""The peer litserve: the transformers pipeline as a LitAPI, with its dynamic batching.

Runs in litserve's own environment. usage: litserve_api.py MODEL PORT THREADS
"""

import sys
from typing import Any

import litserve  # type: ignore[import-not-found]  # it is in its own environment
import torch
from transformers import pipeline

MODEL, PORT, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
_MOST_TEXTS = 8
_WAIT_S = 0.005


class Classify(litserve.LitAPI):  # type: ignore[misc]
    """What its guides show: setup loads, predict computes a batch."""

    def setup(self, device: str) -> None:
        """Once in the worker."""
        torch.set_num_threads(THREADS)
        self.pipe = pipeline("text-classification", model=MODEL, device=device, top_k=None)

    def decode_request(self, request: dict[str, str]) -> str:
        """Of one request."""
        return request["text"]

    def predict(self, texts: list[str]) -> Any:
        """Of the requests that came within the wait."""
        return self.pipe(texts, batch_size=len(texts), truncation=True, max_length=512)

    def encode_response(self, scores: Any) -> dict[str, object]:
        """Of one request."""
        return {"label": scores[0]["label"], "scores": {s["label"]: s["score"] for s in scores}}


if __name__ == "__main__":
    api = Classify(max_batch_size=_MOST_TEXTS, batch_timeout=_WAIT_S, api_path="/v1/classify")
    server = litserve.LitServer(api, accelerator="cpu", devices=1, workers_per_device=1)
    server.run(host="127.0.0.1", port=PORT, generate_client_file=False, log_level="warning")
