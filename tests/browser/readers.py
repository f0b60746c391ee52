"""Who reads a page: somebody who reads Korean or English, at a desk or on a telephone.

A flow that takes the fixture `reader` runs for each of them. It finds what it presses by the words
of the catalogue (`reader.say`), which knows no English word for a Korean reader, and has each
screen it passes examined (`reader.look`).
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import translation

DESK = {"viewport": {"width": 1440, "height": 900}}
TELEPHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
LOCALES = {"ko": "ko-KR", "en": "en-US"}

# Milliseconds that a finger rests before it lets go. A browser takes a tap that follows a flick for
# the one that stops it, and sends no click.
REST = 150

# Names and marks that are the same in every language.
NAMES = {
    *("VideoPlanet", "VideoPlanet Studio", "English", "Local studio", "Stability AI", "Runway ML"),
    *("Replicate", "ElevenLabs", "OpenAI", "Heart"),
    *("Alt", "Ctrl", "Enter", "Esc", "Shift", "Space", "esc", "Home", "End"),
    *("owner", "manager", "colleague", "CSV", "API", "client", "fps"),
}
WORD = re.compile(r"[A-Za-z]{3,}")
ADDRESS = re.compile(r"\S+@\S+|https?://\S+")
HANGUL = re.compile(r"[가-힣]")

# What can be read or heard on the page, without what the person or the story has written.
SAID = """() => {
    const found = new Set();
    const own = "textarea, script, style, template, noscript, code, pre, kbd, bdi, option[lang],"
        + " .material-symbols-outlined, [translate=no]";
    const add = (text) => found.add(text.replace(/\\s+/g, " ").trim());
    for (const one of document.querySelectorAll("body *")) {
        if (one.closest(own) || !one.checkVisibility({ visibilityProperty: true })) continue;
        for (const name of ["aria-label", "title", "placeholder", "alt"])
            if (one.hasAttribute(name)) add(one.getAttribute(name));
        for (const part of one.childNodes) if (part.nodeType === Node.TEXT_NODE) add(part.data);
    }
    return [...found];
}"""
# What is pressed and stands beside the window, where no box scrolls to it.
BESIDE = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter((one) => {
        if (!one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return false;
        const box = one.getBoundingClientRect();
        if (box.width < 2 || box.height < 2 || box.bottom < 0) return false;
        for (let at = one.parentElement; at && at !== document.body; at = at.parentElement)
            if (/auto|scroll/.test(getComputedStyle(at).overflowX)) return false;
        return box.right > innerWidth + 1 || box.left < -1 && box.right > 1;
    }).map((one) => one.outerHTML.slice(0, 160))"""


@dataclass(frozen=True)
class Reader:
    """`language` of the pages, and the size of the window."""

    language: str
    is_phone: bool

    def __str__(self) -> str:
        return f"{self.language}-{'phone' if self.is_phone else 'desktop'}"

    def options(self, **more: Any) -> dict[str, Any]:
        """What a browser of this person is started with."""
        return {
            "locale": LOCALES[self.language],
            **(TELEPHONE if self.is_phone else DESK),
            **more,
        }

    def say(
        self, message: str, *, context: str = "", several: str = "", n: int = 1, **values: Any
    ) -> str:
        """The message in the language of this reader. Raises LookupError if it has none."""
        with translation.override(self.language):
            if several:
                found = translation.ngettext(message, several, n)
            elif context:
                found = translation.pgettext(context, message)
            else:
                found = translation.gettext(message)
        if self.language != "en" and found in {message, several}:
            raise LookupError(f"No {self.language} words for {message!r}")
        return found % values if values else found

    def write(self, english: str, korean: str) -> str:
        """What this person types, in their own language."""
        return korean if self.language == "ko" else english

    def press(self, target: Any) -> None:
        """By finger on a telephone, by the pointer at a desk."""
        if self.is_phone:
            target.tap()
        else:
            target.click()

    def draw(self, page: Any, points: list[tuple[float, float]]) -> None:
        """Press at the first of these points, go through the others, and let go."""
        if not self.is_phone:
            page.mouse.move(*points[0])
            page.mouse.down()
            for point in points[1:]:
                page.mouse.move(*point)
            page.mouse.up()
            return
        touch = page.context.new_cdp_session(page)

        def send(kind: str, *at: tuple[float, float]) -> None:
            places = [{"x": x, "y": y} for x, y in at]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

        send("touchStart", points[0])
        for point in points[1:]:
            send("touchMove", point)
        page.wait_for_timeout(REST)
        send("touchEnd")

    def send(self, page: Any, target: Any) -> None:
        """Press what leads to another page, and wait until that is there."""
        with page.expect_navigation():
            self.press(target)

    def look(self, page: Any, name: str, own: tuple[str, ...] = ()) -> None:
        """Examine the screen: its language, its width, and whether all buttons are in reach.

        `own` are words of the story and its people, which are not translated. With the variable
        SCREENSHOTS a picture is kept in that folder.
        """
        if folder := os.environ.get("SCREENSHOTS"):
            for theme in ("light", "dark"):
                page.emulate_media(color_scheme=theme)
                page.evaluate(
                    "dark => document.documentElement.classList.toggle('dark', dark)",
                    theme == "dark",
                )
                page.wait_for_timeout(300)
                page.screenshot(path=Path(folder) / f"{name}-{self}-{theme}.png", full_page=True)
            page.emulate_media(color_scheme="light")
            page.evaluate("document.documentElement.classList.remove('dark')")
        width = page.viewport_size["width"]
        found = {
            "language": page.evaluate("document.documentElement.lang"),
            "width": page.evaluate("document.documentElement.scrollWidth"),
            "beside the window": page.evaluate(BESIDE),
            "not translated": self.foreign(page.evaluate(SAID), own),
        }
        right = {
            "language": self.language,
            "width": width,
            "beside the window": [],
            "not translated": [],
        }
        assert found == right, name

    def foreign(self, lines: list[str], own: tuple[str, ...] = ()) -> list[str]:
        """The lines that are not in the language of this reader."""
        found = []
        for line in lines:
            rest = ADDRESS.sub(" ", line)
            for name in sorted((*own, *NAMES), key=len, reverse=True):
                rest = rest.replace(name, " ")
            if self.language == "en":
                if HANGUL.search(rest.replace("한국어", "")):
                    found.append(line)
            elif WORD.search(rest) and not HANGUL.search(rest):
                found.append(line)
        return found


READERS = tuple(Reader(language, phone) for language in ("en", "ko") for phone in (False, True))
