"""`manage.py make_bucket`: creates the private bucket of the file store if it does not exist."""

from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.storage import storages
from django.core.management.base import BaseCommand, CommandError

OURS = {"BucketAlreadyOwnedByYou"}


class Command(BaseCommand):
    help = "Makes the bucket that MINIO_BUCKET names. Does nothing if it is there."

    def handle(self, *_args: Any, **_options: Any) -> None:
        store = settings.STORE
        if store is None:
            raise CommandError(
                "No file store is named: set MINIO_ENDPOINT, MINIO_ACCESS_KEY, "
                "MINIO_SECRET_KEY and MINIO_BUCKET."
            )
        storage: Any = storages["media"]
        client = storage.connection.meta.client
        try:
            made = self._make(client, store.bucket, store.region)
        except ClientError as error:
            raise CommandError(
                f"The store at {store.endpoint} refuses: {error.response['Error'].get('Code')}."
            ) from error
        except BotoCoreError as error:
            raise CommandError(
                f"The store at {store.endpoint} does not answer ({type(error).__name__})."
            ) from error
        finally:
            client.close()
        self.stdout.write(
            f"Bucket {store.bucket} {'made' if made else 'is there'}; its files are private."
        )

    def _make(self, client: Any, bucket: str, region: str) -> bool:
        try:
            client.head_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != HTTPStatus.NOT_FOUND:
                raise
        else:
            return False
        where = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        try:
            client.create_bucket(Bucket=bucket, **where)
        except ClientError as error:
            if error.response["Error"].get("Code") not in OURS:
                raise
            return False  # another process created it in the meantime
        return True
