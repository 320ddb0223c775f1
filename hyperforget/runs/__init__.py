"""Runs as people follow them: what a job does in plain words, how far all jobs are, and what is left."""
