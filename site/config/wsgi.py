"""The door for a web server: `gunicorn --pythonpath site config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("STUDIO_PROCESS", "web")  # its threads share a pool of database connections
application = get_wsgi_application()
