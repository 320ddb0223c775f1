"""What a run made, as a folder for others: generators, corpora, and its store as a bucket."""
