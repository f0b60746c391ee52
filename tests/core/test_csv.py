import pytest

from core.csv import safe


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "﹦1",
        "﹢1",
        "﹣1",
        "﹫A",
    ],
)
def test_what_a_spreadsheet_would_calculate_is_text(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "가", "1+1", "'=1"])
def test_other_text_is_left_alone(text):
    assert safe(text) == text
