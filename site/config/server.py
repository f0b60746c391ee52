"""gunicorn's settings, the same wherever it runs: `make serve`, containers, systemd. Read as `-c site/config/server.py`.

What differs by place stands on the command line: the address, and how long running requests may take at the end.
"""

from pathlib import Path

chdir = str(Path(__file__).resolve().parents[2])
pythonpath = "site"
wsgi_app = "config.wsgi"
# Threads wait for files and the database; two processes keep one slow page from holding up all.
worker_class = "config.patience.PatientWorker"
workers = 2
threads = 8
timeout = 60
keepalive = 5
limit_request_line = 8190  # cursors and filters make long addresses
