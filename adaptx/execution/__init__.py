"""Carrying out what was planned: what is missing, where it is computed and in what order."""
