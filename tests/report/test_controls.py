"""What one can do with the report in a real browser: draw, choose, sort, filter, download."""

import base64
import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from hyperforget.data.splits import TaskData
from hyperforget.networks.batch import Networks
from hyperforget.networks.forward import forward
from hyperforget.networks.layout import Layout
from hyperforget.report.templates import page as templates
from hyperforget.store.store import Store
from hyperforget.unlearning.candidates import load_candidates
from tests.report.chromium import Tab
from tests.report.synthetic_networks import LAYOUTS
from tests.report.synthetic_results import BUILT_SPEC

pytestmark = pytest.mark.processes
PROBABILITIES = """
Object.fromEntries([...document.querySelectorAll('[data-network]')].map(panel =>
  [panel.dataset.network, [...panel.querySelectorAll('li')].map(line => Number(line.dataset.probability))]))
"""
COLUMN = "[...document.querySelectorAll('#table-{name} tbody tr')].map(row => row.cells[{place}].textContent)"


@pytest.fixture
def tab(tab: Tab, drawn_page: Path) -> Iterator[Tab]:
    """The page as it is loaded, and after the test still without a word in the console."""
    tab.show(drawn_page, 1000)
    yield tab
    assert tab.named("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown") == []


def choose(tab: Tab, menu: str, value: str) -> None:
    tab.ask(
        f"(menu => {{ menu.value = [...menu.options].find(each => [each.value, each.text].includes('{value}')).value;"
        f" menu.dispatchEvent(new Event('change')) }})(document.querySelector('[data-pad={menu}]'))"
    )


def click(tab: Tab, selector: str) -> None:
    tab.ask(f"document.querySelector({json.dumps(selector)}).click()")


def centre(tab: Tab, selector: str) -> tuple[float, float, float, float]:
    """Of an element in sight: left, top, width and height."""
    tab.ask(f"document.querySelector('{selector}').scrollIntoView({{block: 'center'}})")
    found = tab.ask(
        f"(({{left, top, width, height}}) => [left, top, width, height])"
        f"(document.querySelector('{selector}').getBoundingClientRect())"
    )
    return tuple(found)


def expected(params: torch.Tensor, layout: Layout, image: torch.Tensor) -> list[float]:
    return forward(Networks(params.unsqueeze(0), layout), image.unsqueeze(0))[0, 0].softmax(0).tolist()


@pytest.mark.parametrize("task", LAYOUTS)
def test_networks_say_in_the_page_what_they_say_in_torch(
    tab: Tab, task: str, networks: tuple[Path, dict[str, TaskData]]
) -> None:
    folder, layout, data = networks[0] / task, LAYOUTS[task], networks[1][task]
    told = BUILT_SPEC["tasks"][task]
    original = load_candidates(Store(networks[0] / "store"), folder / "original.json").candidates.networks.params[1]
    choose(tab, "task", task)
    for method in ("dihyfo-1", "nearest"):
        choose(tab, "method", method)
        for forget in told["forget"] + told["holdout"]:
            choose(tab, "forget", forget)
            for place in (0, len(data.labels) - 1):
                # The second test image, so that each class goes through its own.
                click(tab, "[data-pad=clear]")
                for _ in range(2):
                    click(tab, f"[data-pad=examples] button:nth-child({place + 1})")
                image = data.test.images[data.test.labels == place][1]
                said = tab.ask(PROBABILITIES)
                files = {"retrained": "retrained", "unlearned": method}
                params = {"original": original} | {
                    name: torch.cat([load_file(path)[each.name].flatten() for each in layout.parameters])
                    for name, folder_of in files.items()
                    for path in [folder / folder_of / f"forget-{forget}.safetensors"]
                }
                for name, flat in params.items():
                    np.testing.assert_allclose(said[name], expected(flat, layout, image), atol=1e-5)


def preview(tab: Tab) -> np.ndarray:
    """The ink of the image that networks are given, (8, 8) in 0 … 1."""
    # From a copy: to read a canvas often is worth a warning of the browser.
    data = tab.ask(
        "(copy => { copy.drawImage(document.querySelector('[data-pad=preview]'), 0, 0);"
        " return [...copy.getImageData(0, 0, 112, 112).data] })(new OffscreenCanvas(112, 112).getContext('2d'))"
    )
    alpha = np.asarray(data).reshape(8, 14, 8, 14, 4)[..., 3]
    ink: np.ndarray = alpha.mean(axis=(1, 3)) / 255
    return ink


def drag(tab: Tab, points: list[tuple[float, float]]) -> None:
    """Along points, in shares of the pad."""
    left, top, width, height = centre(tab, "[data-pad=canvas]")
    for index, (x, y) in enumerate(points):
        kind = "mousePressed" if index == 0 else "mouseMoved"
        at = {"x": left + x * width, "y": top + y * height, "button": "left", "buttons": 1}
        tab.command("Input.dispatchMouseEvent", type=kind, clickCount=1, **at)
    tab.command("Input.dispatchMouseEvent", type="mouseReleased", clickCount=1, **at)


def test_a_drawing_by_mouse_fills_the_image_and_moves_the_answer(tab: Tab) -> None:
    click(tab, "[data-pad=clear]")
    assert tab.ask("document.querySelector('[data-network=original] .says').textContent") == "nothing"
    drag(tab, [(0.3, 0.1 + 0.05 * step) for step in range(16)])
    bar = preview(tab)
    assert tab.ask("document.querySelector('[data-pad=about]').textContent") == "your drawing"
    # One upright line, over the whole height and in the middle wherever it was drawn.
    assert bar.sum(axis=1).min() > 0.3
    np.testing.assert_allclose(bar, bar[:, ::-1], atol=0.05)
    assert bar[:, [0, 1, 6, 7]].max() == 0
    before = tab.ask(PROBABILITIES)
    drag(tab, [(0.1 + 0.05 * step, 0.5) for step in range(16)])
    after = tab.ask(PROBABILITIES)
    assert all(sum(said) == pytest.approx(1) for said in after.values())
    assert before != after
    assert preview(tab)[:, 0].max() > 0


def test_a_finger_draws_too(tab: Tab) -> None:
    click(tab, "[data-pad=clear]")
    left, top, width, height = centre(tab, "[data-pad=canvas]")
    tab.command("Emulation.setTouchEmulationEnabled", enabled=True)
    for kind, y in (("touchStart", 0.2), ("touchMove", 0.5), ("touchMove", 0.8)):
        point = {"x": left + width / 2, "y": top + y * height}
        tab.command("Input.dispatchTouchEvent", type=kind, touchPoints=[point])
    tab.command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    tab.command("Emulation.setTouchEmulationEnabled", enabled=False)
    assert preview(tab).sum() > 3


def press(tab: Tab, key: str) -> None:
    texts = {" ": " ", "Enter": "\r"}
    codes = {" ": 32, "Enter": 13, "Tab": 9, "ArrowDown": 40}
    named = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key]}
    text = {"text": texts[key]} if key in texts else {}
    tab.command("Input.dispatchKeyEvent", type="keyDown", **named, **text)
    tab.command("Input.dispatchKeyEvent", type="keyUp", **named)


def test_the_keyboard_reaches_menus_and_test_images(tab: Tab) -> None:
    tab.ask("document.querySelector('[data-pad=method]').focus()")
    about = "document.querySelector('[data-network=unlearned] h3').textContent"
    assert tab.ask(about) == "DiHyFo-1"
    press(tab, "ArrowDown")
    assert tab.ask(about) == "Nearest checkpoint"
    press(tab, "Tab")
    press(tab, "Tab")
    assert tab.ask("document.activeElement.getAttribute('aria-label')") == "a test image of 0"
    for key, about in (("Enter", "0"), ("Tab", "0"), (" ", "1")):
        press(tab, key)
        assert tab.ask("document.querySelector('[data-pad=about]').textContent") == f"a test image of {about}"


def test_forgotten_classes_are_marked_for_networks_that_were_to_forget_them(tab: Tab) -> None:
    choose(tab, "task", "digits")
    choose(tab, "forget", "1-2-3")
    marked = "[...document.querySelectorAll('[data-network={} ] .forgotten .name')].map(name => name.textContent)"
    found = {name: tab.ask(marked.replace("{} ", name)) for name in ("original", "retrained", "unlearned")}
    assert found == {"original": [], "retrained": ["1", "2", "3"], "unlearned": ["1", "2", "3"]}


def column(tab: Tab, name: str, place: int) -> list[str]:
    found: list[str] = tab.ask(COLUMN.format(name=name, place=place))
    return found


def test_a_heading_sorts_its_column_up_and_down(tab: Tab) -> None:
    name = "digits-corpus-classes"
    sorter = f"#table-{name} thead th:nth-child(4) button"
    before = column(tab, name, 3)
    click(tab, sorter)
    found = [int(text.replace(",", "")) for text in column(tab, name, 3)]
    assert found == sorted(found) != [int(text.replace(",", "")) for text in before]
    heading = f"document.querySelector('#table-{name} thead th:nth-child(4)').getAttribute('aria-sort')"
    assert tab.ask(heading) == "ascending"
    click(tab, sorter)
    assert [int(text.replace(",", "")) for text in column(tab, name, 3)] == found[::-1]
    assert tab.ask(heading) == "descending"


def test_blocks_of_a_table_are_sorted_each_by_itself(tab: Tab) -> None:
    rows = (
        "[...document.querySelectorAll('#table-digits-comparison tbody tr')]"
        ".map(row => [...row.cells].map(cell => cell.textContent.trim()))"
    )
    before = tab.ask(rows)
    titles = [place for place, row in enumerate(before) if len(row) == 1]
    blocks = [slice(start + 1, end) for start, end in zip(titles, [*titles[1:], len(before)], strict=True)]
    headings = "document.querySelectorAll('#table-digits-comparison thead tr:last-child th')"
    # Retained accuracy of chosen networks, of which every block has another order.
    place = 4
    assert tab.ask(f"{headings}[{place - 1}].textContent").startswith("chosen")
    for sign in (1, -1):
        tab.ask(f"{headings}[{place - 1}].querySelector('button').click()")
        after = tab.ask(rows)
        assert [row for row in after if len(row) == 1] == [before[title] for title in titles]
        for block in blocks:
            assert sorted(before[block]) == sorted(after[block])
            numbers = [sign * float(row[place].split()[0]) for row in after[block]]
            assert numbers == sorted(numbers)


def test_a_word_filters_rows(tab: Tab) -> None:
    name = "digits-corpus-classes"
    shown = f"[...document.querySelectorAll('#table-{name} tbody tr')].filter(row => row.checkVisibility()).length"
    tab.ask("document.querySelectorAll('details').forEach(details => details.open = true)")
    field = f"document.querySelector('#table-{name} input')"
    write = f"(field => {{ field.value = '%s'; field.dispatchEvent(new Event('input')) }})({field})"
    assert tab.ask(shown) == 10
    tab.ask(write % "PIVOT")
    assert tab.ask(shown) == 5
    tab.ask(write % "")
    assert tab.ask(shown) == 10


def downloaded(tab: Tab, folder: Path, selector: str) -> Path:
    """What a click on a button saves."""
    folder.mkdir(exist_ok=True)
    tab.command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    click(tab, selector)
    for _ in range(300):
        found = [path for path in folder.iterdir() if path.suffix != ".crdownload" and path.stat().st_size]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"{selector} saved nothing")


def tool(figure: str, text: str) -> str:
    return f"#{figure} .tools button[aria-label$='{text}']"


def test_tables_are_saved_as_the_workflow_wrote_them(tab: Tab, built: Path, tmp_path: Path) -> None:
    for text, suffix in (("CSV", "csv"), ("LaTeX", "tex")):
        path = downloaded(tab, tmp_path / suffix, tool("table-digits-4-comparison", text))
        assert path.name == f"digits-4-comparison.{suffix}"
        assert path.read_bytes() == (built / "tables" / path.name).read_bytes()


def test_listings_are_saved_as_they_are_shown(tab: Tab, tmp_path: Path) -> None:
    name = "digits-corpus-classes"
    rows = list(csv.reader(io.StringIO(downloaded(tab, tmp_path / "csv", tool(f"table-{name}", "CSV")).read_text())))
    assert rows[0][0] == "Class"
    assert [row[3] for row in rows[1:]] == column(tab, name, 3)
    latex = downloaded(tab, tmp_path / "tex", tool(f"table-{name}", "LaTeX")).read_text()
    assert latex.count(r"\\") == len(rows)
    assert latex.splitlines()[1] == r"\begin{tabular}{l" + "r" * (len(rows[0]) - 1) + "}"


def test_figures_are_saved_as_they_were_drawn(tab: Tab, built: Path, tmp_path: Path) -> None:
    path = downloaded(tab, tmp_path / "svg", tool("figure-digits-4-trade-off", "SVG"))
    assert path.name == "digits-4-trade-off.svg"
    drawn = built / "figures" / path.name
    canonical = [ElementTree.canonicalize(each.read_text(encoding="utf-8"), strip_text=True) for each in (path, drawn)]
    assert canonical[0] == canonical[1]


@pytest.mark.parametrize("task", LAYOUTS)
def test_networks_are_saved_byte_by_byte(
    tab: Tab, networks: tuple[Path, dict[str, TaskData]], task: str, tmp_path: Path
) -> None:
    choose(tab, "task", task)
    choose(tab, "forget", "2")
    path = downloaded(tab, tmp_path / "unlearned", "[data-network=unlearned] button")
    assert path.name == f"{task}-dihyfo-1-forget-2.safetensors"
    assert path.read_bytes() == (networks[0] / task / "dihyfo-1" / "forget-2.safetensors").read_bytes()
    original = downloaded(tab, tmp_path / "original", "[data-network=original] button")
    assert set(load_file(original)) == {parameter.name for parameter in LAYOUTS[task].parameters}


def test_without_scripts_the_pad_says_what_it_needs(tab: Tab, drawn_page: Path) -> None:
    tab.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.show(drawn_page, 1000)
        tree = tab.command("Accessibility.getFullAXTree")["nodes"]
        told = " ".join(str(node.get("name", {}).get("value", "")) for node in tree)
        assert "once its scripts may" in told
        assert "Filter rows" not in told
        assert "combobox" not in {node.get("role", {}).get("value") for node in tree}
    finally:
        tab.command("Emulation.setScriptExecutionDisabled", value=False)


def test_the_rounded_networks_of_a_large_page_are_read(tab: Tab) -> None:
    """Halves as scripts decode them, of every pattern of bits that is a number."""
    values = np.arange(1 << 16, dtype="<u2").view("<f2")
    script = Path(templates.__file__).with_name("network.js").read_text(encoding="utf-8")
    encoded = base64.b64encode(values.tobytes()).decode()
    found = tab.ask(
        f"(() => {{ {script}; return Array.from(decodeNumbers('{encoded}', 16), each => String(each)) }})()"
    )
    read = np.array([float(each.replace("Infinity", "inf")) for each in found])
    np.testing.assert_array_equal(read, values.astype(float))
