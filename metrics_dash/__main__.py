"""``python -m metrics_dash``."""

from metrics_dash.cli import main

main()
