"""Lines of templates are as long as those of the code: 100 characters at most."""

from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates"
LONGEST = 100
# Folders below templates/ whose lines are wrapped.
WRAPPED = ("studio",)


@pytest.mark.parametrize("folder", WRAPPED)
def test_no_line_of_a_template_is_too_long(folder: str) -> None:
    templates = sorted((TEMPLATES / folder).rglob("*.html"))
    too_long = [
        f"{template.relative_to(TEMPLATES)}:{number}"
        for template in templates
        for number, line in enumerate(template.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]

    assert templates
    assert too_long == []
