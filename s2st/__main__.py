"""`python -m s2st COMMAND`."""

import sys

from .cli.program import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
