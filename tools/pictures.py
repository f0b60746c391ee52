"""Makes the README screenshots of the studio with the two sample films, in a separate folder.

    .venv/bin/python tools/pictures.py [folder]

Needs Chromium. Takes some minutes, because the films are really made.
"""

import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
STARTS_WITHIN = 60.0  # seconds
WIDE, NARROW = {"width": 1360, "height": 860}, {"width": 390, "height": 844}
SHOTS = (
    # name, language, theme, size, page
    ("overview.en", "en", "light", WIDE, "/admin/"),
    ("overview.ko", "ko", "dark", WIDE, "/admin/"),
    ("stories.en", "en", "light", WIDE, "/admin/stories/story/"),
    ("stories.ko", "ko", "light", WIDE, "/admin/stories/story/"),
    ("story.en", "en", "light", WIDE, "{story}change/"),
    ("story.ko", "ko", "light", WIDE, "{story}change/"),
    ("board.en", "en", "dark", WIDE, "{story}board/"),
    ("board.ko", "ko", "light", WIDE, "{story}board/"),
    ("film.en", "en", "dark", WIDE, "{story}film/"),
    ("film.ko", "ko", "dark", WIDE, "{story}film/"),
    ("phone.ko", "ko", "light", NARROW, "{story}change/"),
)


def manage(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *arguments]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "VAR_DIR": str(folder)}


@contextmanager
def studio(folder: Path) -> Iterator[str]:
    """Starts the studio with its sample films, yields its address and stops it afterwards."""
    for language in ("en", "ko"):
        subprocess.run(
            manage("demo", "--no-serve", "--language", language),
            env=environment(folder),
            cwd=ROOT,
            check=True,
        )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = subprocess.Popen(
        manage("serve", "--port", str(port)), env=environment(folder), cwd=ROOT
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/admin/login/")
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        # Our own address
        with suppress(OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310
            return
        time.sleep(0.2)
    raise SystemExit(f"{address} does not answer.")


def shoot(browser: Any, address: str, password: str, folder: Path) -> None:
    for name, language, theme, size, page_path in SHOTS:
        context = browser.new_context(
            viewport=size, locale=language, color_scheme=theme, device_scale_factor=2
        )
        page = context.new_page()
        page.goto(f"{address}/admin/login/?next=/admin/stories/story/?view=finished")
        page.fill("#id_username", "demo")
        page.fill("#id_password", password)
        page.click("#login-form button[type=submit]")
        title = page.locator(
            "#result_list a", has_text="등대" if language == "ko" else "lantern"
        ).first
        story = title.get_attribute("href").split("?")[0].removesuffix("change/")
        page.goto(f"{address}/admin/")
        # The first log-in leads to the sample film with its notes.
        if (notes := page.locator(".wb-notes header button")).count():
            notes.click()
        page.goto(address + page_path.format(story=story))
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(600)
        keep(page.screenshot(), folder / f"{name}.webp")
        context.close()


def keep(png: bytes, file: Path) -> None:
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.save(file, quality=80, method=6)
    print(  # noqa: T201  command output
        file.relative_to(ROOT) if file.is_relative_to(ROOT) else file,
        f"{file.stat().st_size // 1024} KB",
    )


def main() -> None:
    if CHROMIUM is None:
        raise SystemExit("Chromium is missing: sudo apt-get install chromium")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "pictures").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="vp-pictures-") as var,
        studio(Path(var)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        shoot(browser, address, (Path(var) / "demo_login").read_text().strip(), folder)
        browser.close()


if __name__ == "__main__":
    main()
