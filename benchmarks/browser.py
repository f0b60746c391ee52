"""The board in Chromium, served as an installation serves it: what comes over a slow line, when
something is seen, and how long the page is busy.

    python -m benchmarks.browser [--scenes 500]

Needs the packages of requirements-dev.txt and Chromium. "Slow" is a line of 400 kbit/s with 200 ms
of latency and nothing in the cache. A long task holds the page for more than 50 ms.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.services import free_ports

HERE = Path(__file__).resolve().parents[1]
SLOW = {
    "offline": False,
    "latency": 200,
    "downloadThroughput": 400_000 / 8,
    "uploadThroughput": 400_000 / 8,
}
FIRST_PAINT_BAR, LONGEST_TASK_BAR = 3.0, 100  # seconds at the slow line; milliseconds
OBSERVE = """
window.longTasks = [];
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.longTasks.push(Math.round(entry.duration));
}).observe({ type: "longtask", buffered: true });
"""
PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime / 1000"""
FIRST_BYTE = "() => performance.getEntriesByType('navigation')[0].responseStart / 1000"
LOAD = "() => performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"
SHORTER, PROCESSES = (21, 100), 4  # scenes of the other boards; visits before those measured
CATEGORIES = ["toplevel", "devtools.timeline"]
TASKS = "() => window.longTasks.splice(0)"
DOM = "() => document.querySelectorAll('*').length"


def prepare(scenes: int) -> None:
    """Print the session and the addresses of boards of 21, 100 and `scenes` scenes."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse

    from benchmarks import rows
    from operations import bootstrap
    from providers import store
    from stories.models import Take
    from tests.pictures import picture

    bootstrap.prepare()
    person = rows.worker_row()
    boards = [
        reverse("admin:stories_story_board", args=[rows.story_of(number, person).pk])
        for number in (*SHORTER, scenes)
    ]
    with store.workplace() as folder:
        (folder / "picture").write_bytes(picture("teal", (1600, 900)))
        kept = store.save(folder / "picture", "png")
    Take.objects.filter(kind="image").update(file=kept.name, sha256=kept.sha256)
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    others = {
        "the log-in page": reverse("admin:login"),
        "the list of stories": reverse("admin:stories_story_changelist"),
    }
    cookie = [name, client.cookies[name].value]
    print(json.dumps({"cookie": cookie, "boards": boards, "others": others}))


@contextmanager
def served(folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a studio with the rows of `prepare`, and what that printed."""
    (port,) = free_ports(1)
    env = {
        **os.environ,
        "VAR_DIR": folder,
        "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE / "site")]),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LANGUAGE_CODE": "en",
    }
    inside = [sys.executable, "-m", "benchmarks.browser", "--inside", *sys.argv[1:]]
    answer = subprocess.run(inside, env=env, check=True, stdout=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "-c", "site/config/gunicorn_settings.py"),
            *("--bind", f"127.0.0.1:{port}"),
        ],
        cwd=HERE,
        env=env,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(url)
        yield url, json.loads(answer.stdout.splitlines()[-1])
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str) -> None:
    import time

    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url}/healthz"):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.25)
    raise TimeoutError(url)


def opened(browser: Any, url: str, cookie: list[str] | None) -> Any:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900},
        locale="en-US",
        extra_http_headers={"Accept-Encoding": "gzip"},  # as over plain HTTP, without Brotli
    )
    if cookie:
        context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": url}])
    page = context.new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(OBSERVE)
    return page


def on_a_slow_line(page: Any, address: str) -> list[float]:
    """First paint and load in seconds, kilobytes and requests until the load."""
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW)
    sent: list[float] = []
    parts: list[tuple[float, float]] = []  # when a part of an answer came, and its bytes
    begins: list[float] = []
    line.on("Network.requestWillBeSent", lambda event: begins.append(event["timestamp"]))
    line.on("Network.loadingFinished", lambda event: sent.append(event["encodedDataLength"]))
    line.on(
        "Network.dataReceived",
        lambda event: parts.append((event["timestamp"], event["encodedDataLength"])),
    )
    page.goto(address, wait_until="load")
    page.wait_for_function(f"({LOAD})() > 0")
    painted = page.evaluate(PAINT)
    before = sum(size for at, size in parts if at <= begins[0] + painted)
    loaded = [page.evaluate(LOAD), sum(sent) / 1000, len(sent)]
    return [page.evaluate(FIRST_BYTE), painted, before / 1000, *loaded]


def busy(page: Any, address: str, scenes: int) -> Iterator[tuple[str, list[int], int]]:
    """What was done, the long tasks that it took in milliseconds, and the elements afterwards."""

    def done(label: str, rest: int = 1_500) -> tuple[str, list[int], int]:
        page.wait_for_timeout(rest)
        return label, page.evaluate(TASKS), page.evaluate(DOM)

    page.goto(address)
    page.locator("#wb .wb-block").first.wait_for()
    page.wait_for_load_state("networkidle")
    yield done("opened")
    for _ in range(scenes // 10):
        page.mouse.wheel(0, 3_000)
        page.wait_for_timeout(60)
    yield done("scrolled to the end")
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.locator(".bd-filters a[data-filter=review]").click()
    yield done("filtered")
    page.locator(".bd-filters a[data-filter='']").click()
    yield done("shown all")
    search = page.get_by_role("searchbox", name="Search all text")
    search.press_sequentially("number 44", delay=80)
    yield done("words typed")
    search.fill("")
    for name in ("list", "state", "cards"):
        page.locator(f"a[data-view={name}]").click()
        yield done(f"shown as {name}")
    box = page.locator("[data-wb-strip]").bounding_box()
    x, y = box["x"] + 30, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 200, y, steps=20)
    page.mouse.up()
    page.locator(".bd-toast", has_text="Scene moved.").first.wait_for()
    yield done("a block dragged")
    for _ in range(20):
        page.mouse.wheel(scenes * 3, 0)
        page.wait_for_timeout(60)
    yield done("the strip scrolled")
    page.locator("[data-wb-play]").click()
    page.wait_for_timeout(8_000)
    page.locator("[data-wb-play]").click()
    yield done("played")


def processor_times(trace: bytes) -> list[float]:
    """The milliseconds of the processor that each task of the page's thread took. Unlike the time
    on the clock they hold on a machine that does other things, too.
    """
    events = json.loads(trace)["traceEvents"]
    # Parts of the browser's own window are pages, too; they run nothing of this server.
    own = {event["pid"] for event in events if "127.0.0.1" in str(event.get("args"))}
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name"
        and event["args"]["name"] == "CrRendererMain"
        and event["pid"] in own
    }
    return [
        event["tdur"] / 1000
        for event in events
        if event["name"].endswith("RunTask")
        and "tdur" in event
        and (event["pid"], event["tid"]) in threads
    ]


def _row(label: str, *cells: object, bar: str = "") -> str:
    shown = (f"{one:.1f}" if isinstance(one, float) else str(one) for one in cells)
    return f"{label:38}{''.join(f'{one:>15}' for one in shown)}" + (f"   bar {bar}" if bar else "")


def measure(scenes: int, rounds: int) -> None:
    from playwright.sync_api import sync_playwright

    from tests.chromium import CHROMIUM, CHROMIUM_OPTIONS

    with (
        tempfile.TemporaryDirectory(prefix="vp-bench-") as folder,
        served(folder) as (url, found),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_OPTIONS])
        cookie, boards = (
            found["cookie"],
            dict(zip((*SHORTER, scenes), found["boards"], strict=True)),
        )
        slow = "at 400 kbit/s, nothing in the cache"
        print(_row(slow, "first byte s", "first paint s", "kB by then", "load s", "kB", "requests"))
        pages = {f"the board of {number}": board for number, board in boards.items()}
        for name, address in {**pages, **found["others"]}.items():
            runs = []
            for _ in range(PROCESSES):  # each server process has read its templates
                page = opened(browser, url, None if name == "the log-in page" else cookie)
                page.goto(url + address)
                page.context.close()
            for _ in range(rounds):
                page = opened(browser, url, None if name == "the log-in page" else cookie)
                runs.append(on_a_slow_line(page, url + address))
                page.context.close()
            seen = [median(run) for run in zip(*runs, strict=True)]
            print(_row(name, *seen, bar=f"{FIRST_PAINT_BAR} s"), flush=True)
        print()
        print(
            _row(f"the board of {scenes}", "long tasks", "longest ms", "processor ms", "elements")
        )
        held: dict[str, list[list[float]]] = {}
        for _ in range(rounds):
            page = opened(browser, url, cookie)
            steps = busy(page, url + boards[scenes], scenes)
            browser.start_tracing(page=page, categories=CATEGORIES)
            for label, tasks, elements in steps:
                own = processor_times(browser.stop_tracing())
                longest = max(tasks, default=0)
                held.setdefault(label, []).append([len(tasks), longest, max(own), elements])
                browser.start_tracing(page=page, categories=CATEGORIES)
            browser.stop_tracing()
            page.context.close()
        for label, runs in held.items():
            numbers, longest_of, own_of, elements_of = zip(*runs, strict=True)
            seen = [median(numbers), min(longest_of), median(own_of), median(elements_of)]
            print(_row(label, *seen, bar=f"{LONGEST_TASK_BAR} ms"), flush=True)
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3, help="of each the median is printed")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        prepare(asked.scenes)
    elif shutil.which("chromium") is None:
        parser.error("Chromium is missing: sudo apt-get install chromium")
    else:
        measure(asked.scenes, asked.rounds)


if __name__ == "__main__":
    main()
