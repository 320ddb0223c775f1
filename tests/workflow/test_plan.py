"""What a dry run plans, and what it refuses."""

import re
import shlex
from pathlib import Path

import pytest

from hyperforget.config.methods import EDITING_RIVALS, QUICK_RIVALS
from hyperforget.config.sections import EvaluationConfig
from hyperforget.config.specs import EvaluationSpec
from tests.checkouts import Checkout

pytestmark = pytest.mark.workflow

ENDS = ("--config", "tasks={digits-4: {corpora: {ends: {runs: 300, shards: 3, models: [dihyfo-2]}}}}")


def test_default_run(checkout: Checkout) -> None:
    planned = checkout.planned("results/report.html")
    # Two tasks; 3 + 9 forget sets; two hypernetworks a task, one of which also edits,
    # originals and strangers.
    assert planned == {
        "fetch_dataset": 2,
        "collect_checkpoints": 4,
        "assemble_corpus": 2,
        "train_hypernet": 4,
        "probe_hypernet": 4,
        "compare_optimizers": 2,
        "train_original": 2,
        "train_strangers": 2,
        "train_retrained": 12,
        "sample_unlearned": 24,
        "sample_edited": 24,
        "sweep_unlearned": 4,
        "sweep_edited": 2,
        "look_up_checkpoints": 12,
        "edit_original": 12,
        "edit_quickly": 12,
        "evaluate": 12,
        "export_generator": 4,
        "measure_requests": 2,
        "gather_metrics": 1,
        "gather_costs": 1,
        "build_tables": 1,
        "build_figures_digits": 1,
        "build_figures_digits_4": 1,
        "build_report": 1,
    }


def test_further_seeds_do_all_again_but_the_figures(checkout: Checkout) -> None:
    once = checkout.planned("results/metrics.csv")
    again = checkout.planned("results/metrics.csv", "--config", "seeds=[0, 1, 2]")
    assert again == {rule: count * (1 if rule == "gather_metrics" else 3) for rule, count in once.items()}
    report = checkout.planned("results/report.html", "--config", "seeds=[0, 1]")
    assert report["evaluate"] == 2 * 12
    assert (report["build_figures_digits"], report["probe_hypernet"]) == (1, 4)
    assert (report["sweep_unlearned"], report["sweep_edited"]) == (4, 2)


def test_a_further_corpus_is_collected_for_the_models_that_it_names(checkout: Checkout) -> None:
    planned = checkout.planned("results/report.html", *ENDS)
    assert (planned["collect_checkpoints"], planned["assemble_corpus"]) == (4 + 3, 2 + 1)


def test_every_model_gets_its_corpus(checkout: Checkout) -> None:
    corpora = {
        "digits-4/dihyfo-1/hypernet.json": "corpus",
        "digits-4/dihyfo-1/alignment.csv": "corpus",
        "digits-4/dihyfo-1-edit/forget-2.json": "corpus",
        "digits-4/dihyfo-1-edit/trade-off.csv": "corpus",
        "digits-4/dihyfo-2/hypernet.json": "corpus-ends",
        "digits-4/dihyfo-2/alignment.csv": "corpus-ends",
        "digits-4/dihyfo-2/forget-2.json": "corpus-ends",
        "digits-4/dihyfo-2/trade-off.csv": "corpus-ends",
        "digits-4/nearest/forget-2.json": "corpus",
        "digits/dihyfo-2/hypernet.json": "corpus",
    }
    printed = checkout.dry_run("-n", *(f"results/{target}" for target in corpora), *ENDS).stdout
    jobs = re.findall(r"input: (.*)\n +output: (.*)\n", printed)
    for target, corpus in corpora.items():
        [inputs] = [inputs for inputs, outputs in jobs if f"results/{target}" in outputs.split(", ")]
        assert re.findall(r"results/[\w-]+/(corpus[\w-]*)\.json", inputs) == [corpus], target


def test_the_thesis_own_scale_is_planned(checkout: Checkout) -> None:
    planned = checkout.planned("results/report.html", "--configfile", "config/thesis.yaml")
    # DiHyFo-2 has a corpus of its own on MNIST-4 and reuses that of DiHyFo-1 on MNIST.
    assert planned["collect_checkpoints"] == 2 * 26 + 74
    assert planned["assemble_corpus"] == 3
    assert planned["train_hypernet"] == 4
    assert planned["sample_unlearned"] == 2 * (2 + 3)
    assert (planned["sweep_unlearned"], planned["sweep_edited"]) == (4, 2)


def test_one_forget_set_that_no_configuration_names(checkout: Checkout) -> None:
    planned = checkout.planned("results/digits/forget-1-3.csv")
    assert planned == {
        "fetch_dataset": 1,
        "collect_checkpoints": 2,
        "assemble_corpus": 1,
        "train_hypernet": 2,
        "train_original": 1,
        "train_strangers": 1,
        "train_retrained": 1,
        "sample_unlearned": 2,
        "sample_edited": 2,
        "look_up_checkpoints": 1,
        "edit_original": 1,
        "edit_quickly": 1,
        "evaluate": 1,
    }


@pytest.mark.parametrize("rivals", [["bias"], ["mask", "finetune"], ["finetune"], []])
def test_what_takes_milliseconds_shares_a_job(checkout: Checkout, rivals: list[str]) -> None:
    planned = checkout.planned("results/report.html", "--config", f"rivals={rivals}")
    expected = {
        "edit_quickly": "bias" in rivals,
        "edit_quickly_without_strangers": "mask" in rivals and "bias" not in rivals,
        "edit_original": "finetune" in rivals,
    }
    assert {name: planned.get(name, 0) for name in expected} == {name: 12 * some for name, some in expected.items()}


def test_finetuning_starts_from_the_checkpoints_of_nearest_or_from_trained_networks(checkout: Checkout) -> None:
    rivals = ("--config", "rivals=['nearest-finetuned','bias-finetuned']")
    planned = checkout.planned("results/digits/nearest-finetuned/forget-2.json", *rivals)
    assert {name: planned.get(name, 0) for name in ("look_up_checkpoints", "edit_original", "train_original")} == {
        "look_up_checkpoints": 1,
        "edit_original": 1,
        "train_original": 0,
    }
    planned = checkout.planned("results/digits/bias-finetuned/forget-2.json", *rivals)
    assert planned == {"fetch_dataset": 1, "train_original": 1, "edit_original": 1}


def test_further_metrics_are_measured_only_where_they_are_asked_for(checkout: Checkout) -> None:
    assert "audit" not in checkout.planned("results/metrics.csv")
    audited = checkout.planned("results/metrics.csv", "--config", "audit=['zrf','ain']")
    assert audited["audit"] == audited["evaluate"] == 12
    # What an evaluation is told does not change with it.
    assert "audit" not in {*EvaluationSpec.model_fields, *EvaluationConfig.model_fields}


AUDIT = ("--configfile", "config/audit.yaml")


def test_the_audit_makes_every_rival_and_measures_every_metric(checkout: Checkout) -> None:
    planned = checkout.planned("results/report.html", *AUDIT)
    assert planned["edit_original"] == 12 * (len(EDITING_RIVALS) - len(QUICK_RIVALS))
    assert (planned["edit_quickly"], planned["look_up_checkpoints"]) == (12, 12)
    assert planned["evaluate"] == planned["audit"] == 12
    # The report reads what audits came to, of every seed.
    again = checkout.planned("results/tables/digits-audit-seeds.csv", *AUDIT, "--config", "seeds=[0, 1]")
    assert (again["audit"], again["build_tables"]) == (24, 1)


def test_a_rival_of_the_audit_is_addressed_as_usual(checkout: Checkout) -> None:
    planned = checkout.planned("results/digits/scrub/forget-2.json", *AUDIT)
    assert planned == {"fetch_dataset": 1, "train_original": 1, "edit_original": 1}


def test_a_quick_method_that_no_report_shows_has_a_job_of_its_own(checkout: Checkout) -> None:
    planned = checkout.planned("results/digits/mask-strangers/forget-2.json")
    assert planned == {"fetch_dataset": 1, "train_strangers": 1, "edit_original": 1}


def test_one_task_may_have_strangers_and_another_none(checkout: Checkout) -> None:
    planned = checkout.planned("results/report.html", "--config", "tasks={digits-4: {strangers: {count: 0}}}")
    assert (planned["edit_quickly"], planned["edit_quickly_without_strangers"]) == (9, 3)


def test_a_task_may_have_no_strangers(checkout: Checkout) -> None:
    changes = ("--config", "tasks={digits: {strangers: {count: 0}}, digits-4: {strangers: {count: 0}}}")
    planned = checkout.planned("results/report.html", *changes)
    assert "train_strangers" not in planned
    assert (planned["sample_edited"], planned["sweep_edited"], planned["edit_original"]) == (12, 2, 12)
    assert planned["edit_quickly_without_strangers"] == 12
    for target in ("strangers.json", "bias-strangers/forget-2.json", "dihyfo-1-edit-strangers/forget-2.json"):
        printed = checkout.dry_run("-n", f"results/digits/{target}", *changes)
        assert printed.returncode != 0
        [sentence] = [line for line in printed.stdout.splitlines() if line.startswith("error: ")]
        assert "tasks.digits.strangers.count is 0" in sentence


def test_models_that_forget_no_class_are_trained_and_probed_only(checkout: Checkout) -> None:
    default = (checkout.folder / "config" / "config.yaml").read_text().partition("\nmodels:")[0]
    (checkout.folder / "gpt-alone.yaml").write_text(default + "\nmodels: {gpt: {}, own: {conditioning: gpt}}\n")
    planned = checkout.planned("results/report.html", "--configfile", "gpt-alone.yaml")
    assert (planned["train_hypernet"], planned["probe_hypernet"]) == (4, 4)
    assert not {"sample_unlearned", "sample_edited", "sweep_unlearned", "sweep_edited"} & set(planned)


def test_workflow_snakefile_has_the_same_default_target(checkout: Checkout) -> None:
    assert checkout.planned("--snakefile", "workflow/Snakefile") == checkout.planned("results/report.html")


def test_another_folder_uses_the_default_configuration(checkout: Checkout, tmp_path: Path) -> None:
    printed = checkout.dry_run(
        "-n", "--snakefile", str(checkout.folder / "Snakefile"), "--directory", str(tmp_path), cwd=tmp_path
    )
    assert printed.returncode == 0, printed.stdout
    assert "build_report" in printed.stdout


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["results/digits/forget-3-1.csv"], ["'3-1'", "not sorted", "write '1-3'"]),
        (
            ["results/digits-4/forget-7.csv"],
            ["'7'", "class 7 is not one of the task's classes 0 to 3", "nearest is '3'"],
        ),
        (["results/digits-4/forget-0-1-2-3.csv"], ["'0-1-2-3'", "all 4 classes"]),
        (["results/digits/forget-2-5.csv"], ["'2-5'", "pivot class 5", "0, 1, 2, 3, 4", "nearest is '2'"]),
        (["results/digits/dihyfo-1/forget-two.safetensors"], ["'two'", "no list of class labels", "0 to 9"]),
        (["results/digits/corpus-ends.json", *ENDS], ["'digits'", "'corpus-ends'", "allowed are corpus"]),
        (
            ["results/digits-4/gpt/forget-2.json", "--config", "models={gpt: {}}"],
            [
                "'gpt' forgets no class",
                "allowed are the methods dihyfo-1, dihyfo-1-edit, dihyfo-2, retrained",
            ],
        ),
        (["--config", "models={gpt: {metric_class: 4}}"], ["models.gpt.metric_class is 4", "nearest is 3"]),
        (["--config", "store=/proc/x"], ["store is '/proc/x', which cannot be made in '/proc'"]),
        (["--config", "store=a{task}"], ["store is 'a{task}', which has a brace"]),
        (["--config", "store=2024"], ["store is 2024", "in quotes where it looks like a number"]),
        (["--config", "tasks={logs: {hidden: [1]}}"], ["the key 'tasks.logs.classes' is missing"]),
        (
            ["--config", "tasks={digits: {hidden: null}}"],
            ["tasks.digits: a main network is told by either 'hidden' or 'network'"],
        ),
        (["--config", "tasks={digits: {forget: [02]}}"], ["forget set '02'", "write '2'"]),
        (["--config", f"seeds=[{10**300}]"], ["seeds.0 is '1000", "less than or equal to 9007199254740991"]),
        (["--config", "models={dihyfo-4-edit: {conditioning: gpt}}"], ["'dihyfo-4-edit' belongs to another method"]),
        (["--config", "protocl=thesis"], ["'protocl'", "did you mean 'protocol'"]),
        (["--config", "seeds=many"], ["seeds is 'many'", "valid list"]),
        (["--config", "tasks={digits: {hiden: [3]}}"], ["tasks.digits.hiden", "did you mean 'hidden'"]),
        (
            ["--config", "tasks={digits: {dataset: {source: npz, path: nowhere.npz}}}"],
            ["tasks.digits.dataset.path", "'nowhere.npz'", "no file"],
        ),
        (
            ["--config", "tasks={digits: {dataset: {source: torchvision, root: nowhere, download: false}}}"],
            ["tasks.digits.dataset.root", "'nowhere'", "MNIST"],
        ),
    ],
)
def test_bad_input_is_one_sentence_before_any_work(checkout: Checkout, arguments: list[str], parts: list[str]) -> None:
    printed = checkout.dry_run(*arguments)
    assert printed.returncode != 0
    assert not (checkout.folder / "results").exists()
    assert "Traceback" not in printed.stdout
    assert "Exception" not in printed.stdout
    [sentence] = [line for line in printed.stdout.splitlines() if line.startswith("error: ")]
    for part in parts:
        assert part in sentence


@pytest.mark.parametrize("store", ["a; touch b", "$(touch b)", "`touch b`", "it's", "a b", "-rf", "a && b > c", "ä*?"])
def test_a_name_is_one_word_of_a_command_whatever_it_has(checkout: Checkout, store: str) -> None:
    printed = checkout.dry_run("-n", "-p", "results/digits-4/dataset.json", "--config", f"store={store}").stdout
    [command] = [line for line in printed.splitlines() if "-m hyperforget.stages fetch_dataset" in line]
    words = shlex.split(command.partition(">")[0] if ">" not in store else command)
    assert words[words.index("--store") + 1] == store


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (
            ("    hidden: [7]", "    hidden: [7]\n    hidden: [70]"),
            ["tasks.digits.hidden twice, on line 20 and on line 21"],
        ),
        (("    hidden: [7]", "    hidden: [07]"), ["'07' on line 20", "the number 7"]),
    ],
)
def test_a_file_that_snakemake_reads_otherwise_than_it_looks_is_refused(
    checkout: Checkout, tmp_path: Path, change: tuple[str, str], parts: list[str]
) -> None:
    text = (checkout.folder / "config" / "config.yaml").read_text().replace(*change)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(text)
    (tmp_path / "good.yaml").write_text("seeds: [1]\n")
    snakefile = ("-n", "--snakefile", str(checkout.folder / "Snakefile"))
    for given in ((), ("--configfile", "good.yaml", "config/config.yaml")):
        printed = checkout.dry_run(*snakefile, *given, cwd=tmp_path)
        assert printed.returncode != 0
        [sentence] = [line for line in printed.stdout.splitlines() if line.startswith("error: ")]
        assert "config/config.yaml' has" in sentence
        for part in parts:
            assert part in sentence


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("tasks: {}\n".encode("utf-16"), "is no text in UTF-8"),
        (b"tasks: &a {odd: *a}\n", "has an anchor on line 1 that holds itself"),
        (b"tasks: " + b"[" * 2000, "is nested too deeply"),
        (b"", "is empty"),
    ],
)
def test_a_default_configuration_that_is_none_is_one_sentence(
    checkout: Checkout, tmp_path: Path, text: bytes, part: str
) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_bytes(text)
    printed = checkout.dry_run("-n", "--snakefile", str(checkout.folder / "Snakefile"), cwd=tmp_path)
    assert printed.returncode != 0
    assert "Traceback" not in printed.stdout
    [sentence] = [line for line in printed.stdout.splitlines() if line.startswith("error: ")]
    assert f"'config/config.yaml' {part}" in sentence


def test_a_pivot_in_a_forget_set_may_be_asked_for_and_warns(checkout: Checkout) -> None:
    asked = "tasks={digits: {forget: ['2-5'], allow_pivots: true}}"
    printed = checkout.dry_run("-n", "results/report.html", "--config", asked)
    assert printed.returncode == 0, printed.stdout
    [warning] = [line for line in printed.stdout.splitlines() if line.startswith("warning: ")]
    assert "'2-5'" in warning
    assert "pivot class 5" in warning


def test_lint_is_clean(checkout: Checkout) -> None:
    printed = checkout.dry_run("--lint")
    assert printed.returncode == 0, printed.stdout
