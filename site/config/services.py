"""The database, Redis and the cache, from the addresses in the environment."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import env

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 2.0  # longer than this no request waits for a connection


def database(url: str, *, pool: int = 0, pooler: str = "none") -> dict[str, Any]:
    """`sqlite:///path` or `postgresql://user:password@host:port/name` (`?host=/socket/folder` for a socket, `?sslmode=verify-full` and alike).

    `pool`: at most so many connections are shared by the threads of this process; 0 keeps one for each thread.
    `pooler`: "transaction" for PgBouncer in front, which may give each transaction another session of the server.
    """
    scheme = url.partition(":")[0]
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    try:
        found = dj_database_url.parse(url)
    except (ValueError, dj_database_url.ParseError) as error:
        raise ImproperlyConfigured("DATABASE_URL cannot be read.") from error
    if scheme == "sqlite":
        return _sqlite(found["NAME"])
    given = found.get("OPTIONS", {})
    host = given.pop("host", "") or found["HOST"]
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **given}
    if pool:
        # A server that was away is tried again with the next request; a request does not wait long.
        options["pool"] = {
            "min_size": 1,
            "max_size": pool,
            "timeout": POOL_WAIT_SECONDS,
            "reconnect_timeout": CONNECT_SECONDS,
            "max_lifetime": 1800,
        }
    return {
        **{name: found[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD")},
        "HOST": host,
        "PORT": str(found["PORT"]),
        "CONN_MAX_AGE": 0 if pool else 60,
        "CONN_HEALTH_CHECKS": True,
        # A cursor of the server lives in one session; the next fetch would ask another.
        "DISABLE_SERVER_SIDE_CURSORS": pooler == "transaction",
        "OPTIONS": options,
    }


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # Writers queue at BEGIN instead of failing in the middle; readers never wait for them.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a commit is on the disk when it returns. With NORMAL a power cut takes the last commits along, and
            # with them the calls that were sent and paid for after those commits.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def database_from_env(var_dir: Path, *, process: str) -> dict[str, Any]:
    """DATABASE_URL, or a SQLite file. The web's threads share DATABASE_POOL connections; workers fork and keep one each."""
    url = env.text("DATABASE_URL") or f"sqlite:////{str(var_dir / 'studio.sqlite3').lstrip('/')}"
    if url.startswith("sqlite:") and not env.text("DATABASE_URL"):
        var_dir.mkdir(parents=True, exist_ok=True)  # SQLite makes the file, not its folder
    return database(url, pool=env.integer("DATABASE_POOL", 10) if process == "web" else 0, pooler=pooler())


def pooler() -> str:
    """What stands between the studio and PostgreSQL."""
    return env.choice("DATABASE_POOLER", ("none", "transaction"))


def direct_database(pooler: str) -> str:
    """The address at which workers listen for wake-ups; empty: none, they look at each tick instead. Only used behind a pooler."""
    direct = env.text("DATABASE_DIRECT_URL")
    if direct and urlsplit(direct).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_DIRECT_URL must begin with postgresql://.")
    return direct if pooler == "transaction" else ""


def redis_url() -> str:
    """REDIS_URL, or the address made from REDIS_HOST, REDIS_PORT, REDIS_USER, REDIS_PASSWORD, REDIS_DB and REDIS_TLS; empty for no Redis.

    With TLS, REDIS_CA names the file of the authority that signed the server's certificate (the system's are used otherwise).
    """
    if url := env.text("REDIS_URL"):
        if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// (TLS) or unix://.")
        return url
    if not (host := env.text("REDIS_HOST")):
        return ""
    user, password = quote(env.text("REDIS_USER"), safe=""), quote(env.text("REDIS_PASSWORD"), safe="")
    login = f"{user}:{password}@" if user or password else ""
    tls = env.boolean("REDIS_TLS", default=False)
    ca = env.text("REDIS_CA")
    query = f"?{urlencode({'ssl_ca_certs': ca})}" if tls and ca else ""
    host = f"[{host}]" if ":" in host else host
    port, index = env.integer("REDIS_PORT", 6379, minimum=1), env.integer("REDIS_DB", 0)
    return f"{'rediss' if tls else 'redis'}://{login}{host}:{port}/{index}{query}"


def caches(redis: str) -> dict[str, dict[str, Any]]:
    """Redis, which may be away at any time, or the memory of each process."""
    if not redis:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    options = {"socket_connect_timeout": 0.5, "socket_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}
    return {"default": {"BACKEND": "config.cache.TolerantRedisCache", "LOCATION": redis, "KEY_PREFIX": "videoplanet", "OPTIONS": options}}
