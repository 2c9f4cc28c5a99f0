"""The heavy halves of the kinds of step."""
