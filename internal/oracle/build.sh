#!/bin/sh
# Builds the driver against a libpcap.
#
#	build.sh OUT                  the installed one (Debian: libpcap-dev, gcc)
#	build.sh OUT SOURCE BUILD     a build of libpcap's source: SOURCE its checkout, BUILD
#	                              the directory with config.h and libpcap.a
set -eu
here=$(dirname "$0")
cc=${CC:-cc}
flags="-O2 -Wall -D_GNU_SOURCE"
case $# in
1)
	exec $cc $flags -o "$1" "$here/driver/oracle.c" -lpcap
	;;
3)
	# shellcheck disable=SC2046
	exec $cc $flags -DORACLE_INTERNAL -I"$3" -I"$2" -o "$1" "$here/driver/oracle.c" "$3/libpcap.a"
	;;
esac
echo "usage: build.sh OUT [SOURCE BUILD]" >&2
exit 2
