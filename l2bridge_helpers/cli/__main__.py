"""`python -m l2bridge_helpers.cli`."""

from __future__ import annotations

from l2bridge_helpers.cli import main

main()
