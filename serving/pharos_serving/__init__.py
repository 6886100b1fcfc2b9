"""The inference server of one ModelVersion."""
