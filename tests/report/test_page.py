"""The page: well-formed, accessible, and complete."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hyperforget.config.report_specs import FullSpec
from hyperforget.errors import UserError
from hyperforget.metrics.registry import METRICS
from hyperforget.report.matrix import WORDS
from hyperforget.report.page import render_report
from hyperforget.report.spec import figure_names, table_names
from hyperforget.store.tokens import write_token
from tests.report.synthetic_results import BUILT_SPEC, as_spec

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """What is in a page: ids, headings, links and every attribute that could load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.targets: list[str] = []
        self.loads: list[dict[str, str]] = []
        self.captions: dict[str, str] = {}
        self.tables: list[dict[str, str]] = []
        self.regions: list[dict[str, str]] = []
        self._figure = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag not in VOID:
            self.open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "a":
            self.targets.append(values["href"])
        elif values.get("src") or (values.get("href") or "#")[0] != "#":
            self.loads.append(values)
        if tag == "figure":
            self._figure = values["id"]
        if tag == "table":
            self.tables.append(values)
        if values.get("role") == "region":
            self.regions.append(values)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "figcaption" in self.open:
            self.captions[self._figure] = self.captions.get(self._figure, "") + data


@pytest.fixture(scope="module")
def text(built: Path, built_spec: FullSpec) -> str:
    return render_report(built_spec, built)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_is_well_formed_with_unique_ids_and_working_links(page: Page) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.targets
    assert {target[1:] for target in page.targets} <= set(page.ids)
    assert all(target.startswith("#") for target in page.targets)


def test_nothing_is_loaded_and_nothing_could_be(page: Page, text: str) -> None:
    assert page.loads == []
    assert """content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'\"""" in text
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert set(re.findall(r'https?://[^\s"<]+', text)) == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_what_can_bring_a_class_back_stands_before_all_results(text: str) -> None:
    after = text.index('<h2 id="after"')
    assert text.index('<h1 id="answer"') < after < text.index('<h2 id="results"')
    words = " ".join(text[after : text.index("</section>", after)].split())
    assert "a hypernetwork restores it" in words
    assert "delete the store and every bucket" in words


def test_headings_are_in_order(page: Page) -> None:
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False))


def test_every_table_and_figure_stands_once_with_a_caption(page: Page, built_spec: FullSpec, text: str) -> None:
    tables = [f"table-{name}" for name in table_names(built_spec)]
    figures = [f"figure-{name}" for task in built_spec.tasks for name in figure_names(built_spec, task.name)]
    for name in tables + figures:
        assert page.ids.count(name) == 1
        assert page.ids.count(f"{name}-caption") == 1
        assert len(page.captions[name].split()) > 15
        assert "Good:" in page.captions[name]
    assert text.count("<svg") == len(figures)


def test_captions_are_short(page: Page) -> None:
    # And two words of its number.
    long = {name: caption for name, caption in page.captions.items() if len(caption.split()) > 62}
    assert long == {}


def test_tables_and_figures_are_numbered_as_they_stand(page: Page) -> None:
    for kind, label in (("table", "Table"), ("figure", "Figure")):
        captions = [caption for name, caption in page.captions.items() if name.startswith(kind)]
        assert captions
        assert [caption.split(". ")[0] for caption in captions] == [f"{label} {n + 1}" for n in range(len(captions))]


def test_results_training_and_collection_come_in_that_order(page: Page) -> None:
    chapters = [
        "answer",
        "reading",
        "after",
        "contents",
        "results",
        "costs",
        "training",
        "collection",
        "metrics",
        "made",
    ]
    assert [name for name in page.ids if name in chapters] == chapters


def test_figures_that_repeat_others_are_folded(built: Path, text: str) -> None:
    folded = re.findall(r'<details><summary>([^<]+)</summary>\s*<figure class="picture" id="figure-([\w-]+)"', text)
    assert ("Nearest checkpoint", "digits-nearest-candidates") in folded
    assert ("Nearest checkpoint", "digits-nearest-confusion") in folded
    assert not [name for _, name in folded if "dihyfo-1" in name]


def test_every_verdict_of_the_first_screen_is_a_sign_a_word_and_a_colour(text: str, built_spec: FullSpec) -> None:
    cells = re.findall(r'<td class="(\w+)"><strong>(\S+) ([\w ]+)</strong>', text)
    sets = sum(len(task.forget_sets) for task in built_spec.tasks)
    assert len(cells) == sets * len(built_spec.methods[:-1])
    assert {(WORDS[tone].sign, WORDS[tone].word) for tone in WORDS} >= {(sign, word) for _, sign, word in cells}
    assert len({word.sign for word in WORDS.values()}) == len(WORDS)


def test_tables_and_scrolling_boxes_are_named_for_screen_readers(page: Page) -> None:
    assert all(table["aria-labelledby"] in page.ids for table in page.tables)
    assert page.regions
    assert all("tabindex" in region and region["aria-labelledby"] in page.ids for region in page.regions)


def test_what_is_kept_against_what_is_hidden_stands_on_the_first_screen_or_behind_the_recovery_table(
    page: Page,
) -> None:
    shown = [name for name in page.ids if re.fullmatch(r"(table|figure)-[\w-]+(?<!-caption)", name)]
    assert shown[shown.index("table-digits-4-recovery") + 1] == "figure-digits-4-trade-off"
    # That of the task with the most classes is the one figure of the first screen.
    assert shown[0] == "figure-digits-trade-off"


def test_language_viewport_skip_link_schemes_and_paper(text: str) -> None:
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text
    assert 'class="skip" href="#results"' in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_text_colours_pass_level_aa(text: str) -> None:
    from tests.report.test_figures import contrast

    style = text[text.index("<style>") : text.index("</style>")]
    schemes = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{[^}]*\}", style)]
    assert len(schemes) == 3
    for scheme in schemes:
        for ink in ("ink", "quiet", "link", "alarm", "better"):
            assert contrast(scheme[ink], scheme["paper"]) >= 4.5
            assert contrast(scheme[ink], scheme["shade"]) >= 4.5
        for tone in WORDS:
            assert contrast(scheme["ink"], scheme[tone]) >= 4.5


def test_the_page_says_how_it_was_made(text: str, built: Path) -> None:
    assert "a&lt;b &amp; c" in text
    assert "a<b & c" not in text
    assert "digits-4/corpus.json" in text
    assert "collect_checkpoints" in text
    for metric in METRICS.values():
        assert f'id="metric-{metric.name}"' in text


def test_the_caption_of_optimizers_says_how_many_steps_an_update_saves(page: Page) -> None:
    caption = page.captions["figure-digits-4-dihyfo-1-optimizers"]
    assert "One update by DiHyFo-1 reaches 0.47 nats, which takes SGD (learning rate 0.1) 256" in caption
    assert "figure-digits-4-dihyfo-2-optimizers" not in page.captions


def test_the_page_says_what_generators_cost(text: str, page: Page) -> None:
    section = text[text.index('<section aria-labelledby="costs">') :]
    section = section[: section.index("</section>")]
    assert "Retraining is cheap here because the main networks are tiny" in section
    assert section.count("<td>never</td>") == 2 * 3  # tasks and generators of the synthetic results
    assert "#costs" in page.targets
    assert (
        "DiHyFo-1 answers a request in 800 ms (200 ms a hundred together) and never pays for itself, after 26,517"
        in text
    )


def test_several_corpora_stand_apart_under_who_uses_them(built: Path, text: str, page: Page) -> None:
    headings = [
        "What was collected for DiHyFo-1, Nearest checkpoint: digits-4 (main corpus)",
        "What was collected for DiHyFo-2: digits-4 (corpus ends)",
    ]
    for heading in headings:
        assert text.count(heading) == 1
    places = [text.index(f'<h4 id="collection-digits-4-{name}">') for name in ("corpus", "corpus-ends")]
    tables = [text.index(f'id="table-digits-4-{name}-classes"') for name in ("corpus", "corpus-ends")]
    assert places[0] < tables[0] < places[1] < tables[1]
    assert text.count(">What was collected</h4>") == 1
    assert "digits-4/corpus-ends.json" in text


def test_the_page_says_which_images_chose_the_networks(built: Path, text: str) -> None:
    assert "on <strong>validation</strong> images" in text
    assert "optimistic" not in text
    as_the_thesis = render_report(as_spec({**BUILT_SPEC, "protocol": "thesis"}), built)
    assert "on <strong>test</strong> images" in as_the_thesis
    assert "so these are optimistic" in as_the_thesis


def test_a_report_of_one_model_and_one_task_works(built: Path) -> None:
    spec = {
        **BUILT_SPEC,
        "tasks": {"digits-4": BUILT_SPEC["tasks"]["digits-4"]},
        "models": ["dihyfo-1"],
        "methods": ["dihyfo-1"],
    }
    text = render_report(as_spec(spec), built)
    page = Page(text)
    assert page.open == []
    written = r'<figure [^>]*id="(?:table-digits-4-|figure-digits-4-trade-off)[^>]*>.*?</figure>|<script.*?</script>'
    assert "Nearest checkpoint" not in re.sub(written, "", text, flags=re.DOTALL)


def test_the_same_results_give_the_same_page(built: Path, built_spec: FullSpec, text: str) -> None:
    assert render_report(built_spec, built) == text


def test_the_page_warns_of_classes_with_few_images(
    built: Path, built_spec: FullSpec, text: str, tmp_path: Path
) -> None:
    warned = shutil.copytree(built, tmp_path / "results")
    write_token(warned / "digits-4" / "dataset.json", "dataset", "0" * 64, {"warnings": ["Class <11> has few images."]})
    assert "Class &lt;11&gt; has few images." in render_report(built_spec, warned)
    assert "has few images" not in text


def test_a_missing_figure_or_table_is_named(built: Path, built_spec: FullSpec, results: Path) -> None:
    with pytest.raises(UserError, match=r"\.html is missing"):
        render_report(built_spec, results)
