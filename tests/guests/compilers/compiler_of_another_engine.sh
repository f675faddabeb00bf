#!/bin/sh
# A whole answer of an engine that this agent does not have.
cat >/dev/null
printf '%s\n' '{"describe":"{}","artefact_bytes":4,"engine":"0.0.1-other-machine-0000000000000000"}'
printf 'code'
