#!/bin/sh
# /usr/local/sbin/metrics-dash: a command as the service would run it, with its settings and as its user; for root.
#   metrics-dash doctor
set -eu
set -a
. /etc/metrics-dash/metrics-dash.env
METRICS_DATA_DIR=/var/lib/metrics-dash
set +a
cd "$METRICS_DATA_DIR"
exec setpriv --reuid=metrics-dash --regid=metrics-dash --init-groups /opt/metrics-dash/bin/metrics-dash "$@"
