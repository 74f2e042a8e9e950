"""One door for developers: sets up .venv and runs a command in it (`python dev.py --help`).

The lines up to `main` must stay readable for any Python, so that an old one gets a sentence
and not a syntax error.
"""

import sys

OLDEST_PYTHON = (3, 10)

if sys.version_info < OLDEST_PYTHON:
    sys.exit(
        "S2ST needs Python 3.10 or newer, this is Python {}.{}; start dev.py with a newer one, "
        "for example: python3.12 dev.py".format(*sys.version_info)
    )

if __name__ == "__main__":
    from tools.commands import main

    sys.exit(main(sys.argv[1:]))
