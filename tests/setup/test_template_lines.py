"""Lines of templates are as long as those of the code: 100 characters at most."""

from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "templates"
LONGEST = 100


def test_no_line_of_a_template_is_too_long() -> None:
    templates = sorted(TEMPLATES.rglob("*.html"))
    too_long = [
        f"{template.relative_to(TEMPLATES)}:{number}"
        for template in templates
        for number, line in enumerate(template.read_text(encoding="utf-8").splitlines(), 1)
        if len(line) > LONGEST
    ]
    assert len(templates) > 150
    assert too_long == []
