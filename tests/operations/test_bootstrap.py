"""What an installation needs is done once, and again when something has changed."""

from pathlib import Path
from typing import Any

import pytest
from django.utils.translation import gettext, override

from operations.bootstrap import NotReadyError, prepare

SHEET = "body { color: navy }"


@pytest.fixture
def organization_budget(settings: Any, tmp_path: Path) -> Path:
    """Static files and translations of its own."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "sheet.css").write_text(SHEET)
    settings.STATICFILES_DIRS = [tmp_path / "assets"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    return tmp_path


def prepared() -> list[str]:
    return [str(line) for line in prepare()]


def test_second_time_has_nothing_to_do(organization_budget: Path, db: None) -> None:
    assert prepared() == ["Static files collected."]
    assert (organization_budget / "collected" / "sheet.css").read_text() == SHEET
    assert prepared() == []


def test_changed_file_is_collected_and_a_removed_one_goes(
    organization_budget: Path, db: None
) -> None:
    prepare()
    (organization_budget / "assets" / "sheet.css").unlink()
    (organization_budget / "assets" / "other.css").write_text(SHEET)
    assert prepared() == ["Static files collected."]
    assert sorted(file.name for file in (organization_budget / "collected").iterdir()) == [
        ".collected",
        "other.css",
    ]


def test_new_translation_is_compiled_and_spoken_at_once(
    organization_budget: Path, db: None
) -> None:
    prepare()
    with override("ko"):
        assert gettext("Ballast overboard") == "Ballast overboard"
    folder = organization_budget / "locale" / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Ballast '
        'overboard"\nmsgstr "짐을 던져라"\n'
    )
    assert prepared() == ["Translations compiled."]
    with override("ko"):
        assert gettext("Ballast overboard") == "짐을 던져라"


def test_folder_that_cannot_be_made_is_one_sentence(
    organization_budget: Path, settings: Any
) -> None:
    (organization_budget / "file").write_text("")
    settings.VAR_DIR = organization_budget / "file" / "var"
    with pytest.raises(NotReadyError) as caught:
        prepare()
    assert (
        str(caught.value)
        == f"The studio cannot write to {organization_budget}/file/var: Not a directory."
    )
