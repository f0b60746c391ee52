#!/usr/bin/env python
"""Django's command line, with `site/` as a second import root (it holds packages such as `config`
and `core`).
"""

import os
import sys
from pathlib import Path

# At index 1: behind the folder of this file, before the standard library, whose module `site` stays
# importable by name.
sys.path.insert(1, str(Path(__file__).resolve().parent / "site"))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line  # needs the path above

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
