"""Are the files whole that the rows name?"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from .house import House

TAKES = "SELECT t.file, t.sha256 FROM stories_take t JOIN stories_scene s ON s.id = t.scene_id WHERE s.story_id = ANY(%s::uuid[])"
FILMS = "SELECT file, size_bytes FROM stories_film WHERE story_id = ANY(%s::uuid[])"


@contextmanager
def store(house: House) -> Iterator[Any]:
    """A client of the house's store."""
    env = house.env
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


def looked_at(house: House, stories: list[str]) -> tuple[list[str], int, int]:
    """What is damaged of these stories' takes and films, and how many of each there are. Raises botocore's ClientError for a missing one."""
    takes, films = house.rows(TAKES, stories), house.rows(FILMS, stories)
    wrong = []
    with store(house) as client:
        for name, digest in takes:
            if hashlib.sha256(_content(client, house, name)).hexdigest() != digest:
                wrong.append(f"half a file: {name}")
        for name, size in films:
            film = _content(client, house, name)
            if len(film) != size or film[4:8] != b"ftyp":
                wrong.append(f"half a film: {name}")
    return wrong, len(takes), len(films)


def _content(client: Any, house: House, name: str) -> bytes:
    content: bytes = client.get_object(Bucket=house.env["MINIO_BUCKET"], Key=name)["Body"].read()
    return content


def taken(client: Any, house: House) -> dict[str, bytes]:
    """Every file by its name; none is left in the store."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=house.env["MINIO_BUCKET"])
    found = {entry["Key"]: _content(client, house, entry["Key"]) for page in pages for entry in page.get("Contents", ())}
    for name in found:
        client.delete_object(Bucket=house.env["MINIO_BUCKET"], Key=name)
    return found
