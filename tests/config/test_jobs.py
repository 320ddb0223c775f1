"""Names in the path of a result: what they lead to, and what is refused in one sentence."""

import pytest

from hyperforget.config.jobs import task_of
from hyperforget.errors import UserError
from tests.stages.tiny_pipeline import SETTINGS, TASK, settings

WITHOUT_STRANGERS = settings(tasks={TASK: {"strangers": {"count": 0}}})


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"corpus": "corpus"},
        {"model": "gpt"},
        {"model": "dihyfo-1", "forget": "2-3"},
        {"method": "bias-strangers", "forget": "2"},
        {"method": "strangers"},
    ],
)
def test_known_names_lead_to_their_task(names: dict[str, str]) -> None:
    assert task_of(SETTINGS, {"task": TASK, **names}) is SETTINGS.tasks[TASK]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"task": "digits"}, ["'digits'", "allowed are digits-4", "did you mean 'digits-4'"]),
        ({"forget": "3-2"}, ["'3-2'", "write '2-3'"]),
        ({"forget": "7"}, ["class 7 is not one of the task's classes 0 to 3"]),
        ({"forget": "1-3"}, ["pivot class 1", "free classes 2, 3", "the nearest is '3'"]),
        ({"corpus": "corpus-ends"}, ["no corpus 'corpus-ends'", "allowed are corpus"]),
        ({"model": "gpt", "forget": "2"}, ["model 'gpt' forgets no class", "dihyfo-1, dihyfo-1-edit"]),
    ],
)
def test_other_names_are_refused(names: dict[str, str], words: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        task_of(SETTINGS, {"task": TASK, **names})
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize("method", ["strangers", "bias-strangers", "dihyfo-1-edit-strangers"])
def test_strangers_are_refused_where_a_task_has_none(method: str) -> None:
    with pytest.raises(UserError, match=r"tasks\.digits-4\.strangers\.count is 0"):
        task_of(WITHOUT_STRANGERS, {"task": TASK, "method": method})
