"""What `make bench` does with the results, whatever they are."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings

TOOL = Path(settings.BASE_DIR) / "tools" / "bench.py"


@pytest.fixture
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_tool", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_results_replace_the_old_ones_between_the_markers(bench: ModuleType) -> None:
    document = f"Before\n{bench.BEGIN}\nold\n{bench.END}\nAfter\n"
    text = bench.kept(document, {"film": "film  1.0", "jobs": r"jobs \1 2.0"})
    dated = re.sub(r"\d{4}-\d\d-\d\d, .*\.", "DATE", text)
    assert dated == (
        f"Before\n{bench.BEGIN}\n\nDATE\n\n```\nfilm  1.0\n```\n\n```\njobs \\1 "
        f"2.0\n```\n\n{bench.END}\nAfter\n"
    )


def test_page_has_a_place_for_them(bench: ModuleType) -> None:
    assert "film  1.0" in bench.kept(bench.PAGE.read_text(encoding="utf-8"), {"film": "film  1.0"})


def test_unknown_bench_is_named() -> None:
    done = subprocess.run(
        [sys.executable, TOOL, "sound"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        2,
        "bench: there is no bench sound; there are: film, jobs, api, board.\n",
    )
