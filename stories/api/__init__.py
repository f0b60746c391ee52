"""The JSON API: `stories.api.routes.api` holds every route; mount `api.urls.urls_of` of it."""
