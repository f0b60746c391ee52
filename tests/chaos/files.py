"""Are the files whole that the rows name?"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from .installation import Installation

TAKES = (
    "SELECT t.file, t.sha256 FROM stories_take t JOIN stories_scene s ON s.id = t.scene_id "
    "WHERE s.story_id = ANY(%s::uuid[])"
)
FILMS = "SELECT file, size_bytes FROM stories_film WHERE story_id = ANY(%s::uuid[])"


@contextmanager
def store(installation: Installation) -> Iterator[Any]:
    """A client of the store."""
    env = installation.env
    client = boto3.client(
        "s3",
        endpoint_url=env["MINIO_ENDPOINT"],
        aws_access_key_id=env["MINIO_ACCESS_KEY"],
        aws_secret_access_key=env["MINIO_SECRET_KEY"],
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )
    try:
        yield client
    finally:
        client.close()


def looked_at(installation: Installation, stories: list[str]) -> tuple[list[str], int, int]:
    """What is damaged of these stories' takes and films, and how many of each there are. Raises
    botocore's ClientError for a missing one.
    """
    takes, films = installation.rows(TAKES, stories), installation.rows(FILMS, stories)
    wrong = []
    with store(installation) as client:
        for name, digest in takes:
            if hashlib.sha256(_content(client, installation, name)).hexdigest() != digest:
                wrong.append(f"half a file: {name}")
        for name, size in films:
            film = _content(client, installation, name)
            if len(film) != size or film[4:8] != b"ftyp":
                wrong.append(f"half a film: {name}")
    return wrong, len(takes), len(films)


def _content(client: Any, installation: Installation, name: str) -> bytes:
    content: bytes = client.get_object(Bucket=installation.env["MINIO_BUCKET"], Key=name)[
        "Body"
    ].read()
    return content


def taken(client: Any, installation: Installation) -> dict[str, bytes]:
    """Every file by its name; none is left in the store."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=installation.env["MINIO_BUCKET"]
    )
    found = {
        entry["Key"]: _content(client, installation, entry["Key"])
        for page in pages
        for entry in page.get("Contents", ())
    }
    for name in found:
        client.delete_object(Bucket=installation.env["MINIO_BUCKET"], Key=name)
    return found
