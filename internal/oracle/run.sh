#!/bin/sh
# Compares with the installed libpcap (Debian: packages gcc, libc6-dev, libpcap-dev) on some
# thousand random filters. FILTERS says how many.
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
internal/oracle/build.sh "$dir/driver"
GOFILTER_ORACLE=$dir/driver ${GO:-go} test -count=1 -run 'TestOracle$' ./internal/oracle
${GO:-go} run ./internal/oracle/cmd -driver "$dir/driver" -n "${FILTERS:-10000}" -seed 1
