"""Anybody's networks, judged as those of the pipeline are."""
