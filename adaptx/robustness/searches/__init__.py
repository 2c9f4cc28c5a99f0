"""Searches that come with adaptx, registered as anybody's."""
