"""What the commands share: results as text or JSON, whatever others have written into them."""

import json

import pytest

from hyperforget.cli.options import print_result


@pytest.mark.parametrize("text", ["1\N{NO-BREAK SPACE}%", "\x9b2J", "\u202eabc", "\U000e0001", "a\nb", "\x7f"])
def test_json_of_any_text_is_read_back_and_controls_no_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_result({"told": [text]}, True, "")
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"told": [text]}
    assert all(line.isprintable() for line in printed.splitlines())
