"""What is broken, for how long, and what must hold meanwhile."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from . import database_faults as database
from . import process_faults as processes
from . import redis_faults as redis
from . import store_faults as store
from .installation import Installation

LONG = (
    8.0  # seconds that a fault lasts: longer than a lease and than the time limits of most requests
)

SAID = "pages say so in words; all goes on by itself"
READ = "what only reads goes on, what writes is told to come again; all goes on by itself"
NOTICED_BY_NOBODY = "nobody notices but by a moment's wait"
GOES_ON = "pages and work go on"
SLOWER = "pages and work go on, slower"
WAITS = "pages go on; work waits and goes on by itself"


@dataclass(frozen=True, slots=True)
class Fault:
    """`break_` is a context: what it does is undone at its end. `blames` are the health checks that
    must fail meanwhile.

    `disk`: the small disk that must be there for it, which only root can mount.
    """

    service: str
    kind: str
    name: str
    promise: str
    break_: Callable[[Installation], AbstractContextManager[None]]
    blames: frozenset[str] = frozenset()
    seconds: float = LONG
    web_stays: bool = True  # pages that need no broken service go on being served
    disk: str = ""


DATABASE, REDIS, STORE, WORKERS, WEB = "PostgreSQL", "Redis", "S3 store", "Workers", "Web"
SLOW = (
    f"{database.DELAY * 1000:.0f} ms (PostgreSQL), {redis.DELAY * 1000:.0f} ms (Redis), "
    f"{store.DELAY * 1000:.0f} ms (store), in each direction"
)
KINDS = ("killed", "restarted", "hangs", "slow", "full", "refuses", "emptied")

FAULTS = (
    Fault(
        DATABASE, "killed", "PostgreSQL is killed", SAID, database.killed, frozenset({"database"})
    ),
    Fault(
        DATABASE,
        "restarted",
        "PostgreSQL is restarted",
        NOTICED_BY_NOBODY,
        database.restarted,
        seconds=1.0,
    ),
    Fault(
        DATABASE,
        "hangs",
        "PostgreSQL hangs",
        "probes still answer and say so; all goes on by itself",
        database.frozen,
        frozenset({"database"}),
        web_stays=False,
    ),
    Fault(DATABASE, "slow", "PostgreSQL is slow", SLOWER, database.slow),
    Fault(DATABASE, "full", "PostgreSQL's disk is full", READ, database.full, disk="database"),
    Fault(
        DATABASE,
        "refuses",
        "PostgreSQL refuses the password",
        SAID,
        database.refuses,
        frozenset({"database"}),
    ),
    Fault(REDIS, "killed", "Redis is killed", GOES_ON, redis.killed, frozenset({"wakeup"})),
    Fault(REDIS, "restarted", "Redis is restarted", "nobody notices", redis.restarted, seconds=1.0),
    Fault(REDIS, "hangs", "Redis hangs", GOES_ON, redis.frozen, frozenset({"wakeup"})),
    Fault(REDIS, "slow", "Redis is slow", SLOWER, redis.slow),
    Fault(REDIS, "full", "Redis is full", GOES_ON, redis.full),
    Fault(
        REDIS,
        "refuses",
        "Redis refuses the password",
        GOES_ON,
        redis.refuses,
        frozenset({"wakeup"}),
    ),
    Fault(REDIS, "emptied", "Redis is emptied", "nobody notices", redis.emptied, seconds=1.0),
    Fault(STORE, "killed", "The store is killed", WAITS, store.killed, frozenset({"storage"})),
    Fault(
        STORE,
        "restarted",
        "The store is restarted",
        NOTICED_BY_NOBODY,
        store.restarted,
        seconds=1.0,
    ),
    Fault(
        STORE, "hangs", "The store hangs", WAITS, store.frozen, frozenset({"storage"}), seconds=20.0
    ),
    Fault(STORE, "slow", "The store is slow", SLOWER, store.slow),
    Fault(STORE, "full", "The store is over its quota", WAITS, store.full, frozenset({"storage"})),
    Fault(
        STORE, "refuses", "The store refuses the key", WAITS, store.refuses, frozenset({"storage"})
    ),
    Fault(
        STORE, "emptied", "The store is emptied and restored from its backup", WAITS, store.emptied
    ),
    Fault(
        WORKERS,
        "killed",
        "All workers are killed",
        (
            "the next workers take everything up; what was being sent is not sent again, a "
            "person decides"
        ),
        processes.workers_killed,
        frozenset({"workers"}),
        seconds=LONG + 2,
    ),
    Fault(
        WORKERS,
        "restarted",
        "The workers are replaced one after the other",
        "nobody notices",
        processes.workers_restarted,
        seconds=1.0,
    ),
    Fault(
        WORKERS,
        "hangs",
        "Half the workers hang",
        "the others take their work up; what they still do afterwards counts no more",
        processes.workers_frozen,
        seconds=LONG + 4,
    ),
    Fault(
        WORKERS,
        "full",
        "The workers' disk is full",
        WAITS,
        processes.workers_disk_full,
        disk="work",
    ),
    Fault(
        WEB,
        "killed",
        "The web is killed",
        "work goes on; clients send their requests again, each is done once",
        processes.web_killed,
        web_stays=False,
    ),
    Fault(
        WEB,
        "restarted",
        "The web is restarted",
        "work goes on; clients wait a moment",
        processes.web_restarted,
        seconds=1.0,
        web_stays=False,
    ),
    Fault(
        WEB,
        "hangs",
        "The web hangs",
        "work goes on; clients wait, each request is done once",
        processes.web_frozen,
        web_stays=False,
    ),
)
