"""The Content-Security-Policy and Permissions-Policy of the studio's pages."""

# No page uses any of these features.
PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=()"
)


def content_security_policy(store_origin: str) -> dict[str, list[str]]:
    """Return the policy.

    Unfold's Alpine needs 'unsafe-eval'; its theme colours and x-show need inline styles. Inline
    scripts stay forbidden. `store_origin` is the origin of images and films if they are not stored
    in a folder.
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
