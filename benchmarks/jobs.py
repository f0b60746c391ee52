"""The job engine beside django-q2 and Celery at their defaults: idle start wait and throughput of
no-op jobs, in turn, on the same store.

    python -m benchmarks.jobs [--rounds 3] [--jobs 2000] [--probes 20] [--postgresql] [--only REGEX]

Each side has two workers, a fresh database and its own enqueuing process. An idle wait is the time
from before the enqueue to the first line of the handler. The rate counts from the first enqueue to
the last start (django-q2, Celery) or to the last row that is written as succeeded (the studio).
Redis is Valkey from a Python package. Celery keeps no row of a task; the second line of it stores
results in Redis, which is nearer to what the others keep.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import services

HERE = Path(__file__).resolve().parents[1]
IDLE_SECONDS = 4.0


@dataclass(frozen=True)
class Side:
    title: str
    engine: str  # studio, q2 or celery
    redis: bool
    beside: str  # the title of the side that its rate is compared with
    wait_bar: float | None = None  # ms
    rate_bar: float | None = None  # times the other side
    results: str = ""  # where Celery stores them


SIDES = (
    Side("studio, no Redis", "studio", False, "django-q2, ORM broker", wait_bar=40, rate_bar=3),
    Side("django-q2, ORM broker", "q2", False, "django-q2, ORM broker"),
    # 10 ms more than the 2.8 ms that a wait was when the floor was set.
    Side("studio, Redis", "studio", True, "Celery, results in Redis", wait_bar=12.8, rate_bar=1),
    Side("Celery, results in Redis", "celery", True, "Celery, results in Redis", results="redis"),
    Side("Celery, no results", "celery", True, "Celery, results in Redis"),
    Side("Celery, late, database", "celery", True, "Celery, results in Redis", results="database"),
    Side("django-q2, Redis broker", "q2", True, "Celery, results in Redis"),
)
CELERY = ("-m", "celery", "-A", "benchmarks.celery_app", "worker", "--concurrency", "2")


def family(pid: int) -> list[int]:
    found = [pid]
    for known in found:
        try:
            found += [
                int(child)
                for child in Path(f"/proc/{known}/task/{known}/children").read_text().split()
            ]
        except OSError:
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_cpu(pid: int) -> float:
    """Percent of one core that the workers use while nothing is due."""
    time.sleep(1)
    before = {one: cpu_seconds(one) for one in family(pid)}
    time.sleep(IDLE_SECONDS)
    return (
        100 * sum(max(cpu_seconds(one) - used, 0.0) for one, used in before.items()) / IDLE_SECONDS
    )


def measure(side: Side, env: dict[str, str], probes: int, jobs: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="vp-bench-") as name:
        folder = Path(name)
        own = env | {
            "VAR_DIR": name,
            "BENCH_STARTS": str(folder / "starts"),
            "EXTRA_APPS": "benchmarks.jobs_app"
            + (",django_celery_results" if side.results == "database" else ""),
            "DJANGO_SETTINGS_MODULE": "config.settings"
            if side.engine == "studio"
            else "benchmarks.q2_settings",
            "PYTHONPATH": f"{HERE}:{HERE / 'site'}",
            "PYTHONWARNINGS": "ignore",
            "SECRET_KEY": "bench",
            "WORKERS": "2",
            "BENCH_RESULTS": side.results,
        }
        run = {"env": os.environ | own, "cwd": HERE}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True, **run
        )
        command = {
            "studio": ("manage.py", "work"),
            "q2": ("manage.py", "qcluster"),
            "celery": CELERY,
        }[side.engine]
        with (folder / "log").open("w") as log:
            workers = subprocess.Popen(
                [sys.executable, *command],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **run,
            )
            try:
                probe = [
                    sys.executable,
                    "-m",
                    "benchmarks.jobs_probe",
                    side.engine,
                    str(probes),
                    str(jobs),
                ]
                run["env"] |= {"BENCH_WORKERS": str(workers.pid)}
                out = subprocess.run(
                    probe, check=True, stdout=subprocess.PIPE, stderr=log, text=True, **run
                ).stdout
                found = json.loads(out.splitlines()[-1])
                found["idle_cpu"] = idle_cpu(workers.pid)
            except subprocess.CalledProcessError:
                sys.stderr.write((folder / "log").read_text()[-3000:])
                raise
            finally:
                end(workers)
        return found


def end(workers: subprocess.Popen[bytes]) -> None:
    pids = family(workers.pid)
    workers.terminate()
    try:
        workers.wait(15)
    except subprocess.TimeoutExpired:
        workers.kill()
        workers.wait()
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def main() -> None:
    parser = argparse.ArgumentParser(description="The job engine beside django-q2 and Celery.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--probes", type=int, default=20)
    parser.add_argument(
        "--postgresql", action="store_true", help="keep the rows in PostgreSQL instead of SQLite"
    )
    parser.add_argument("--only", default="", help="measure only sides with this in their titles")
    options = parser.parse_args()
    sides = [side for side in SIDES if re.search(options.only, side.title)]
    found: dict[str, list[dict[str, Any]]] = {side.title: [] for side in sides}
    for number in range(options.rounds):
        for side in sides:
            with ExitStack() as stack:
                env = {"DATABASE_URL": "", "REDIS_URL": "", "REDIS_HOST": ""}
                if options.postgresql:
                    env |= stack.enter_context(services.postgresql()).env
                if side.redis:
                    env |= stack.enter_context(services.redis()).env
                found[side.title].append(measure(side, env, options.probes, options.jobs))
            sys.stderr.write(
                f"round {number + 1}: {side.title} {found[side.title][-1]['rate']:.0f}/s, "
                f"{found[side.title][-1]['cpu_ms']:.2f} ms CPU\n"
            )
    store = "PostgreSQL" if options.postgresql else "SQLite"
    print(
        f"Jobs: {options.jobs} no-op jobs, 2 workers, {store}; medians of {options.rounds} "
        f"rounds in turn; {shutil.os.cpu_count()} cores, load {os.getloadavg()[2]:.1f}"
    )
    print(
        f"{'':<26}{'idle wait ms':>14}{'worst ms':>10}{'enqueue us':>12}"
        f"{'jobs/s':>9}{'times':>8}{'cpu ms/job':>12}{'times':>8}{'idle cpu %':>12}  "
        f"bars"
    )
    for side in sides:
        rounds = found[side.title]
        waits = statistics.median(statistics.median(one["waits"]) for one in rounds)
        worst = max(max(one["waits"]) for one in rounds)
        other = found.get(side.beside, rounds)
        times, cpu_times = (
            statistics.median(one[key] / base[key] for one, base in zip(rounds, other, strict=True))
            for key in ("rate", "cpu_ms")
        )
        judged = (
            [waits <= side.wait_bar] * bool(side.wait_bar)
            + [times >= side.rate_bar] * bool(side.rate_bar)
            if side.wait_bar and side.rate_bar
            else []
        )
        bars = (
            (
                f"{'met' if all(judged) else 'MISSED'}: wait <= {side.wait_bar:g} ms, >= "
                f"{side.rate_bar:g} x"
            )
            if judged
            else ""
        )
        row = [
            statistics.median(one[key] for one in rounds)
            for key in ("enqueue_us", "rate", "cpu_ms", "idle_cpu")
        ]
        print(
            f"{side.title:<26}{waits:>14.2f}{worst:>10.1f}{row[0]:>12.0f}"
            f"{row[1]:>9.0f}{times:>8.2f}{row[2]:>12.2f}{cpu_times:>8.2f}{row[3]:>12.1f}  "
            f"{bars}"
        )


if __name__ == "__main__":
    main()
