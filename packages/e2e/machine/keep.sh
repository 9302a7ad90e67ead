#!/bin/bash
# keep.sh MOUNTPOINT LOWERDIRS NODE
# Owns one machine (boot.sh) from its boot to its end, and cleans up behind it. The machine ends when standard input
# does: when the process that started it closes it, or exits in any way.
set -eu
exec 3<&0

cgroup=$(findmnt --noheadings --first-only --output TARGET --types cgroup2)
cgroup+=$(sed -n 's/^0:://p' /proc/self/cgroup)/shellflip-e2e-$$
mkdir "$cgroup"

# The machine sees this cgroup as its root: all that it starts is below, and can be killed and removed by it.
bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup" \
  setpriv --pdeathsig KILL \
  unshare --mount --pid --uts --ipc --net --cgroup --fork --kill-child \
  "$(dirname "$0")/boot.sh" "$@" </dev/null 3<&- &
machine=$!
cat <&3 >/dev/null &
owner=$!

wait -n "$machine" "$owner" || true
# Bash tells whom it saw killed, and nobody may be there to hear it: that would be the end of this.
exec >/dev/null 2>&1
echo 1 >"$cgroup/cgroup.kill"
kill "$owner" || true
wait
for _ in {1..200}; do
  find "$cgroup" -depth -type d -exec rmdir {} + && exit
  sleep 0.05
done
exit 1
