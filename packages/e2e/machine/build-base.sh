#!/bin/bash
# build-base.sh FOLDER
# The root file system of the machines: Debian with systemd >= 257, and the peers that the tests use. Needs root, and runs
# in namespaces of its own, so that nothing stays mounted or running when it is ended midway.
set -eu
root=$1
export DEBIAN_FRONTEND=noninteractive

source "$(dirname "$0")/attempt.sh"

if ! command -v debootstrap >/dev/null; then
  attempt apt-get update -qq
  attempt apt-get install -y -qq --no-install-recommends debootstrap debian-archive-keyring
fi

bootstrap() {
  rm -rf --one-file-system "$root"
  debootstrap --variant=minbase \
    --include=systemd,dbus,libpam-systemd,curl,iproute2,socat,python3-systemd trixie "$root"
}
attempt bootstrap

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
# There are no kernel modules to load: without this the machine would be "degraded" from the start.
ln -s /dev/null "$root/etc/systemd/system/systemd-modules-load.service"
