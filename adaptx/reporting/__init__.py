"""Report: records become tables."""
