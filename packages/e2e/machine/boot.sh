#!/bin/bash
# boot.sh MOUNTPOINT LOWERDIRS NODE
# The first process of a machine, in namespaces of its own: lays out a root file system as containers have it, and
# becomes systemd. What is written there is in memory, and goes with the mount namespace.
set -eu
mountpoint=$1 lowerdirs=$2 node=$3

# The pid that this process, and then systemd, has outside: /proc is still the outer one.
read -r pid _ </proc/self/stat

mount -t tmpfs -o mode=755 machine "$mountpoint"
cd "$mountpoint"
mkdir upper work root
mount -t overlay -o "lowerdir=$lowerdirs,upperdir=upper,workdir=work" machine root
cd root

touch usr/bin/node
mount --bind "$node" usr/bin/node
mount -o remount,bind,ro usr/bin/node

# systemd mounts the rest itself (/run, /dev/shm, …).
mount -t tmpfs -o mode=1777 tmp tmp
# Podman's overlays do not stand on an overlay.
mkdir -p var/lib/containers
mount -t tmpfs -o mode=755 containers var/lib/containers
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx

# The kernel is the outer one's too: its settings are read-only, but those of the network, which is the machine's own.
mount -t proc proc proc
mount --bind proc/sys/net proc/sys/net
mount --rbind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup

echo machine >etc/hostname
printf '127.0.0.1 localhost machine\n::1 localhost\n' >etc/hosts
tr -d - <proc/sys/kernel/random/uuid >etc/machine-id

mkdir .outside
pivot_root . .outside
cd /
umount -l .outside
rmdir .outside
echo "machine $pid"
# The enclosure of scripts/leftovers.mjs finds its processes by this variable.
exec env -i container=e2e PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  ${CI_ENCLOSURE:+"CI_ENCLOSURE=$CI_ENCLOSURE"} /lib/systemd/systemd --system
