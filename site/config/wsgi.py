"""The WSGI entry point: `gunicorn --pythonpath site config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from . import process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
process.kind = "web"  # its threads share a pool of database connections
application = get_wsgi_application()
