"""The static files of an installation: compressed, and named after their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Names of imported modules carry the hash, too.

    Without it a browser would load a module twice: once from a page, once from another module.
    """

    support_js_module_import_aggregation = True
    # Each pass names one more level of modules that import one another; Django's five were used up.
    max_post_process_passes = 12
