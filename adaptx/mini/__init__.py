"""Mini: the embedded world, generated text and a tiny encoder, for machines with no hub."""

from pathlib import Path

__all__ = ["NANO_FOLDER"]

NANO_FOLDER = Path(__file__).with_name("nano")
"""``nano``, an encoder of XLM-R's architecture as any folder of the hub is laid out (`pretraining` makes it anew)."""
