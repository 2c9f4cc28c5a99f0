"""Kinds of step: one pair of files each, a light record here and what it computes in `compute`."""
