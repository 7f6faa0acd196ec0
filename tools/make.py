"""What the Makefile calls: `python3 tools/make.py --help` lists the commands.

Kept free of new syntax, so that an old Python can still say that it is too old.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "polyspan needs Python 3.10 or newer, this is %d.%d: sudo apt install python3" % sys.version_info[:2]
    )

from house.command_line import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
