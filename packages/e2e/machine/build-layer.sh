#!/bin/bash
# build-layer.sh FOLDER COMMAND [ARGS...]
# Makes FOLDER by `COMMAND ARGS... TEMPORARY_FOLDER`, if it is not there. Who comes second waits for the first. The folder gets
# its name when it is complete, and what a command that was ended midway has mounted or started goes with its namespaces.
set -eu
folder=$1
shift
exec 9>"$folder.lock"
flock 9
[ ! -e "$folder" ] || exit 0
rm -rf --one-file-system "$folder.partial"
setpriv --pdeathsig KILL \
  unshare --mount --pid --fork --kill-child --mount-proc "$@" "$folder.partial" 9>&-
mv "$folder.partial" "$folder"
