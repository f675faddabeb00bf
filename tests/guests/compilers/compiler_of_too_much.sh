#!/bin/sh
# Announces the largest artefact there is, and sends without end.
cat >/dev/null
echo '{"describe":"{}","artefact_bytes":268435456,"engine":"any"}'
exec cat /dev/zero
