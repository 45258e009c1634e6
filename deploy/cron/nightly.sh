#!/bin/sh
# Pays one file against the control totals that somebody else wrote:  nightly.sh FILE CONTROL
#
# Tries again after exit codes 4 (stopped before the end) and 5 (the ledger is in use) alone. After 1 and 3 a person must look,
# and 2 will be 2 again. The program's last exit code is its own.
#
# Checked by `make recipes`: run against a simulated Chargebee that is well, refuses, is away and comes back.
set -u

program=${BATCH_CREDITS:-/opt/batch-credits/bin/batch-credits}
tries=${TRIES:-5}
pause=${PAUSE_SECONDS:-900}

while :; do
  "$program" run "$1" --control "$2" --yes --quiet --no-progress --wait-for-ledger 600
  code=$?
  tries=$((tries - 1))
  case $code in
    4 | 5) [ "$tries" -gt 0 ] || exit "$code" ;;
    *) exit "$code" ;;
  esac
  sleep "$pause"
done
