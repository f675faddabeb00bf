#!/bin/sh
# Complains without end, on one line.
cat >/dev/null
tr '\0' 'x' </dev/zero >&2
exit 1
