#!/bin/sh
# Takes the component and says nothing for ever.
cat >/dev/null
while :; do sleep 3600; done
