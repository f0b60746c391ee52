"""The servers that other tests stand on: they answer, they can be broken, and they end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import boto3
import psycopg
import pytest
from botocore.exceptions import ClientError
from django.conf import settings
from redis import Redis as Client
from redis.exceptions import RedisError

from tests import services


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.moderate
def test_postgresql_keeps_rows_over_an_orderly_restart() -> None:
    with services.postgresql() as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE film (title text)")
            connection.execute("INSERT INTO film VALUES ('등대')")
        server.stop()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, connect_timeout=2)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT title FROM film").fetchall() == [("등대",)]
            pid = server.pid
    assert not alive(pid)
    assert not server.folder.exists()


@pytest.mark.slow
def test_migrated_postgresql_is_a_copy_with_all_tables() -> None:
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 'stories_story'"
    with services.migrated_postgresql() as first, services.migrated_postgresql() as second:
        with psycopg.connect(first.url) as connection:
            connection.execute("DROP TABLE stories_story CASCADE")
        template = first.url.removesuffix("studio") + first.env["TEST_DATABASE_TEMPLATE"]
        for url, count in ((first.url, 0), (template, 1), (second.url, 1)):
            with psycopg.connect(url) as connection:
                assert connection.execute(tables).fetchall() == [(count,)]


def test_redis_loses_all_at_a_kill_and_hangs_while_frozen() -> None:
    with services.redis() as server:
        client = Client.from_url(server.url, retry=None)
        impatient = Client.from_url(server.url, socket_timeout=0.3, retry=None)
        client.set("wakeup", "rings")
        server.freeze()
        with pytest.raises(RedisError):
            impatient.get("wakeup")
        impatient.close()
        server.thaw()
        assert client.get("wakeup") == b"rings"
        server.kill()
        with pytest.raises(RedisError):
            client.get("wakeup")
        server.start()
        assert client.get("wakeup") is None
        client.close()


@pytest.mark.moderate
def test_s3_keeps_objects_and_refuses_a_wrong_key() -> None:
    with services.s3() as server:
        address = {
            "endpoint_url": server.url,
            "region_name": "us-east-1",
            "aws_access_key_id": server.access_key,
        }
        right = boto3.client("s3", aws_secret_access_key=server.secret_key, **address)
        wrong = boto3.client("s3", aws_secret_access_key="wrong", **address)
        right.put_object(Bucket=server.bucket, Key="장면/1.png", Body=b"picture")
        assert right.get_object(Bucket=server.bucket, Key="장면/1.png")["Body"].read() == b"picture"
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            wrong.get_object(Bucket=server.bucket, Key="장면/1.png")
        right.close()
        wrong.close()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.services", *arguments],
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        check=False,
    )


def test_command_gets_the_variables_and_gives_its_exit_code() -> None:
    script = "import os, sys; print(os.environ['REDIS_URL']); sys.exit(7)"
    done = subprocess.run(
        [sys.executable, "-m", "tests.services", "redis", "--", sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        check=False,
    )
    assert done.returncode == 7
    assert done.stdout.startswith("redis://127.0.0.1:")


def test_unknown_service_is_named() -> None:
    done = command("mongo")
    assert done.returncode == 2
    assert done.stderr == (
        "unknown: mongo. usage: python -m tests.services {postgresql,redis,s3}... [-- command...]\n"
    )


def test_server_does_not_outlive_a_killed_test_run() -> None:
    script = (
        "from tests.services import redis; import time\nwith redis() as server: "
        "print(server.pid, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR
    )
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    assert alive(pid)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    until = time.monotonic() + 120
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(pid)
