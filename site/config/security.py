"""What browsers are told to allow the studio's pages."""

# Nothing of this is used by any page.
PERMISSIONS = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()"


def content_security_policy(store_origin: str) -> dict[str, list[str]]:
    """Unfold's Alpine needs 'unsafe-eval', its theme colours and x-show need inline styles; inline scripts stay forbidden.

    `store_origin`: where pictures and films come from when they are not kept in a folder.
    """
    files = [store_origin] if store_origin else []
    return {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:", *files],
        "media-src": ["'self'", "blob:", *files],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
