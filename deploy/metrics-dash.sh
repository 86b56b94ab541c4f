#!/bin/sh
# /usr/local/sbin/metrics-dash: a command as the service would run it, with its settings and as its user; for root.
#   metrics-dash doctor
set -eu

# The settings are read as systemd reads them, and nothing in them is run: a $ in a value is a $.
while read -r line || [ -n "$line" ]; do
    case $line in '' | '#'* | ';'*) continue ;; esac
    value=${line#*=}
    case $value in
        \'*\') value=${value#?} value=${value%?} ;;
        \"*\") value=$(printf '%s\n' "$value" | sed 's/^"//; s/"$//; s/\\\([\\"`$]\)/\1/g') ;;
        *\\*) value=$(printf '%s\n' "$value" | sed 's/\\\(.\)/\1/g') ;;
    esac
    export "${line%%=*}=$value"
done < /etc/metrics-dash/metrics-dash.env

export METRICS_DATA_DIR=/var/lib/metrics-dash
cd "$METRICS_DATA_DIR"
exec setpriv --reuid=metrics-dash --regid=metrics-dash --init-groups /opt/metrics-dash/bin/metrics-dash "$@"
