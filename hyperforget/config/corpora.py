"""The corpora of a task, by their names in paths and by their keys in the configuration."""

MAIN_CORPUS = "corpus"


def corpus_name(key: str) -> str:
    """How paths call the corpus ``corpora.<key>`` of a task, such as ``corpus-ends``."""
    return f"{MAIN_CORPUS}-{key}"


def collection_key(task: str, corpus: str) -> str:
    """The key that says what is collected for a corpus, which goes by its name in paths."""
    if corpus == MAIN_CORPUS:
        return f"tasks.{task}.collection"
    return f"tasks.{task}.corpora.{corpus.removeprefix(corpus_name(''))}"
