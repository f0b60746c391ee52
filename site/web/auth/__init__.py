"""Who asks: bearer tokens, refresh tokens, limits on log-in, and the browser's session with CSRF."""
