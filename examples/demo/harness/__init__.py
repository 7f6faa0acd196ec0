"""What the demo does around its services: starts them, relays and records what they say, and judges it."""

import sys
from pathlib import Path

# The house, which builds everything here, is not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
