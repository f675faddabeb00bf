#!/bin/sh
# Takes the component, says nothing, and ends well.
cat >/dev/null
exit 0
