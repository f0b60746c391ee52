"""Chromium as tests and benchmarks start it. It needs nothing of Django."""

import shutil

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
CHROMIUM_OPTIONS = (
    *(
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
    ),
    *("--no-first-run", "--autoplay-policy=no-user-gesture-required", "--force-color-profile=srgb"),
)
