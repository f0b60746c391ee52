"""The JSON API: `stories.api.routes.api` holds every route; mount its `urls`."""
