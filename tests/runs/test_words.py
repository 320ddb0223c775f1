"""Every rule of the workflow has words."""

import re
from pathlib import Path

import pytest

import hyperforget
from hyperforget.runs.words import WORDS, doing, done, kind_of

RULES = Path(hyperforget.__file__).parents[1] / "workflow" / "rules"


def test_every_rule_has_words() -> None:
    rules = {name for path in RULES.glob("*.smk") for name in re.findall(r"^ *rule (\w+):", path.read_text(), re.M)}
    assert "train_hypernet" in rules
    assert {kind_of(rule) for rule in rules} <= set(WORDS)


@pytest.mark.parametrize(
    ("rule", "names", "before", "after"),
    [
        ("train_hypernet", {"task": "digits", "model": "gpt"}, "digits: training gpt", "digits: trained gpt"),
        (
            "collect_checkpoints",
            {"task": "digits", "corpus": "corpus", "shard": "1"},
            "digits: collecting checkpoints, part 2 of corpus",
            "digits: collected checkpoints, part 2 of corpus",
        ),
        (
            "evaluate",
            {"task": "digits", "forget": "2-3"},
            "digits: measuring all networks without {2,3}",
            "digits: measured all networks without {2,3}",
        ),
        ("gather_metrics", {}, "gathering all metrics", "gathered all metrics"),
        ("build_figures_digits_4", {}, "digits_4: drawing the figures", "digits_4: drew the figures"),
        ("of_another_workflow", {"sample": "a"}, "of_another_workflow a", "of_another_workflow a"),
    ],
)
def test_jobs_are_told_in_plain_words(rule: str, names: dict[str, str], before: str, after: str) -> None:
    assert doing(rule, names) == before
    assert done(rule, names) == after
