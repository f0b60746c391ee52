"""Settings of the database, Redis and the cache, from environment variables."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from redis.backoff import NoBackoff
from redis.retry import Retry

from . import env

CONNECT_SECONDS = 5
POOL_WAIT_SECONDS = 2.0  # maximum time that a request waits for a connection


def database(url: str, *, pool: int = 0, pooler: str = "none") -> dict[str, Any]:
    """Return the DATABASES entry for `sqlite:///path` or
    `postgresql://user:password@host:port/name`.

    Use `?host=/socket/folder` for a socket, and options such as `?sslmode=verify-full`. `pool`: the
    maximum number of connections shared by the threads of this process; 0 gives each thread its
    own. `pooler`: "transaction" for PgBouncer, which may assign each transaction another server
    session.
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
        # The next request retries an unreachable server; a request does not wait long.
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
        # A server-side cursor belongs to one session; the next fetch might use another.
        "DISABLE_SERVER_SIDE_CURSORS": pooler == "transaction",
        "OPTIONS": options,
    }


def _sqlite(name: str) -> dict[str, Any]:
    return {
        "ENGINE": "core.sqlite3",
        "NAME": name,
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            # Writers queue at BEGIN instead of failing during the transaction; readers never wait
            # for them.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: a commit is on disk when it returns. With NORMAL a power failure loses the last
            # commits, and with them the records of calls that were sent and paid for.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def database_from_env(var_dir: Path, *, process: str) -> dict[str, Any]:
    """Return the database of DATABASE_URL, or a SQLite file.

    The web server's threads share DATABASE_POOL connections; workers fork and have one each.
    """
    url = env.text("DATABASE_URL") or f"sqlite:////{str(var_dir / 'studio.sqlite3').lstrip('/')}"
    if url.startswith("sqlite:") and not env.text("DATABASE_URL"):
        var_dir.mkdir(parents=True, exist_ok=True)  # SQLite creates the file but not its folder
    return database(
        url, pool=env.integer("DATABASE_POOL", 10) if process == "web" else 0, pooler=pooler()
    )


def pooler() -> str:
    """Return the kind of connection pooler between the studio and PostgreSQL."""
    return env.choice("DATABASE_POOLER", ("none", "transaction"))


def direct_database(pooler: str) -> str:
    """Return the address at which workers listen for wake-ups behind a pooler.

    If it is empty, workers check the database at each tick instead.
    """
    direct = env.text("DATABASE_DIRECT_URL")
    if direct and urlsplit(direct).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_DIRECT_URL must begin with postgresql://.")
    return direct if pooler == "transaction" else ""


def redis_url() -> str:
    """Return REDIS_URL, or an address built from REDIS_HOST, REDIS_PORT, REDIS_USER,
    REDIS_PASSWORD, REDIS_DB and REDIS_TLS.

    Empty if Redis is not used. With TLS, REDIS_CA names the file of the certificate authority
    (default: the system's).
    """
    if url := env.text("REDIS_URL"):
        if urlsplit(url).scheme not in {"redis", "rediss", "unix"}:
            raise ImproperlyConfigured(
                "REDIS_URL must begin with redis://, rediss:// (TLS) or unix://."
            )
        return url
    if not (host := env.text("REDIS_HOST")):
        return ""
    user, password = (
        quote(env.text("REDIS_USER"), safe=""),
        quote(env.text("REDIS_PASSWORD"), safe=""),
    )
    login = f"{user}:{password}@" if user or password else ""
    tls = env.boolean("REDIS_TLS", default=False)
    ca = env.text("REDIS_CA")
    query = f"?{urlencode({'ssl_ca_certs': ca})}" if tls and ca else ""
    host = f"[{host}]" if ":" in host else host
    port, index = env.integer("REDIS_PORT", 6379, minimum=1), env.integer("REDIS_DB", 0)
    return f"{'rediss' if tls else 'redis'}://{login}{host}:{port}/{index}{query}"


def caches(redis: str) -> dict[str, dict[str, Any]]:
    """Return CACHES: Redis, whose outages are tolerated, or the memory of each process."""
    if not redis:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    options = {"socket_connect_timeout": 0.5, "socket_timeout": 1.0, "retry": Retry(NoBackoff(), 0)}
    return {
        "default": {
            "BACKEND": "config.cache.TolerantRedisCache",
            "LOCATION": redis,
            "KEY_PREFIX": "videoplanet",
            "OPTIONS": options,
        }
    }
