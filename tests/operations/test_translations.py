"""Every sentence of the studio is there in Korean, with the same values in it."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from operations.collect_messages import Message, collect, written
from operations.compile_messages import is_translated, read

ROOT = Path(settings.BASE_DIR)
PLACES = re.compile(r"%\(\w+\)[a-z]|%%|%[a-z]")
KOREAN = ROOT / "locale/ko/LC_MESSAGES/django.po"


def _translations():
    """By context and text: the message, its plural and its translations."""
    return {
        (message.context or "", _texts(message.id)[0]): message
        for message in read(KOREAN)
        if message.id
    }


def _texts(text):
    return text if isinstance(text, tuple) else (text,)


@pytest.mark.slow
def test_every_sentence_has_its_translation():
    have = {key for key, message in _translations().items() if is_translated(message)}
    missing = sorted(collect(ROOT).keys() - have)
    assert missing == [], (
        "bring the list in step with `manage.py messages`, then translate what is new"
    )


@pytest.mark.slow
def test_no_translation_of_what_is_no_longer_said():
    assert sorted(_translations().keys() - collect(ROOT).keys()) == []


def test_translations_carry_the_same_values():
    wrong = {}
    for message in _translations().values():
        allowed = [set(PLACES.findall(text)) for text in _texts(message.id)]
        for form in _texts(message.string):
            if set(PLACES.findall(form)) not in allowed:
                wrong[message.id] = form
    assert wrong == {}


def test_translations_are_korean_but_for_names():
    latin = {
        form
        for message in _translations().values()
        for form in _texts(message.string)
        if not re.search("[가-힣]", form)
    }
    assert latin <= {
        "%(n)sfps",
        "%(person)s: %(role)s",
        "%(what)s → ‘%(status)s’",
        "1080p, 30fps",
        "720p, 24fps",
        "ID",
        "CSV",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", 'x = gettext("Plain") + _(f"{no}")', [Message("Plain")]),
        (
            "a.py",
            'x = ngettext("%(n)s one", "%(n)s many", n)',
            [Message("%(n)s one", plural="%(n)s many")],
        ),
        (
            "a.py",
            'from django.utils.translation import gettext_lazy as _later\nx = _later("Later")',
            [Message("Later")],
        ),
        (
            "a.py",
            'x = pgettext_lazy("transition", "Archive")',
            [Message("Archive", context="transition")],
        ),
        (
            "a.html",
            '{% load i18n %}{% translate "Hello" %} {{ _("There") }}',
            [Message("Hello"), Message("There")],
        ),
        (
            "a.html",
            "{% load i18n %}{% blocktranslate with n=x %}{{ n }}% of it{% endblocktranslate %}",
            [Message("%(n)s%% of it")],
        ),
        (
            "a.html",
            (
                "{% load i18n %}{% blocktranslate count n=x %}{{ n }} a{% plural %}{{ n }} b{% "
                "endblocktranslate %}"
            ),
            [Message("%(n)s a", plural="%(n)s b")],
        ),
    ],
)
def test_collect_finds_what_is_marked(tmp_path, name, text, found):
    (tmp_path / "stories").mkdir()
    (tmp_path / "stories" / name).write_text(text)
    ours = [
        message
        for message in collect(tmp_path).values()
        if message.places[0] not in {"openapi.json", "packages", "unfold"}
    ]
    assert [(message.context, message.msgid, message.plural) for message in ours] == [
        (message.context, message.msgid, message.plural) for message in found
    ]


def test_written_keeps_translations_and_drops_what_is_gone(tmp_path):
    po = tmp_path / "django.po"
    po.write_text(
        'msgid ""\nmsgstr "Language: ko\\n"\n\nmsgid "Kept"\nmsgstr "남음"\n\nmsgid '
        '"Gone"\nmsgstr "사라짐"\n'
    )
    wanted = [
        Message("Kept", places=["a.py"]),
        Message('New "one"\n', places=["b.py"]),
        Message("%(n)s a", plural="%(n)s b", places=["c.py"]),
        Message("Archive", context="transition", places=["d.py"]),
    ]
    po.write_text(written(wanted, read(po)))
    after = read(po)
    assert {(one.context, one.id): one.string for one in after if one.id} == {
        (None, "Kept"): "남음",
        (None, 'New "one"\n'): "",
        (None, ("%(n)s a", "%(n)s b")): ("",),
        ("transition", "Archive"): "",
    }
    assert (after.locale_identifier, after.plural_forms) == ("ko", "nplurals=1; plural=0;")
    assert written(wanted, after) == po.read_text()
