"""Stored steps as results: summaries, verification, listings, exports."""
