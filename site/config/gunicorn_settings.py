"""gunicorn settings for all deployments: `make serve`, containers, systemd.

Use them with `-c site/config/gunicorn_settings.py`. The bind address and the graceful timeout
differ by deployment and are set on the command line.
"""

from pathlib import Path

chdir = str(Path(__file__).resolve().parents[2])
pythonpath = "site"
wsgi_app = "config.wsgi"
# Threads wait for files and the database. With two processes a slow page does not block all others.
worker_class = "config.gunicorn_worker.PatientWorker"
workers = 2
threads = 8
timeout = 60
keepalive = 5
limit_request_line = 8190  # cursors and filters cause long addresses
