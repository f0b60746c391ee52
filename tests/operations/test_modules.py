"""The studio's scripts are modules, and each module is loaded once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
OURS = re.compile(r"<script\b[^>]*\{% static '(?:board|studio|api|workbench)/[^>]*>")

# Before anything is shown, which no module is.
AT_ONCE = "skeleton.html: <script src=\"{% static 'studio/first.js' %}\">"


def test_pages_load_the_scripts_of_the_studio_as_modules():
    tags = {
        f"{path.name}: {tag}"
        for path in (ROOT / "templates").rglob("*.html")
        for tag in OURS.findall(path.read_text())
    }

    assert tags
    assert {tag for tag in tags if 'type="module"' not in tag} == {AT_ONCE}
    # Style sheets come first on a slow connection.
    assert {tag for tag in tags if 'fetchpriority="low"' not in tag} == {AT_ONCE}


def test_no_script_writes_a_global():
    files = list((ROOT / "static").rglob("*.js"))

    assert files
    assert not [
        str(path.relative_to(ROOT))
        for path in files
        if re.search(r"^\s*(?:window|globalThis)\.\w+ =[^=]", path.read_text(), re.MULTILINE)
    ]


@pytest.mark.slow
def test_an_imported_module_has_the_name_that_pages_use(settings: Any, tmp_path: Path):
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "config.static_files.StaticFiles"},
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    names = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    base = Path(names["board/base.js"]).name
    main = (tmp_path / names["board/main.js"]).read_text()
    assert f'from "./{base}"' in main
    assert 'from "./base.js"' not in main
