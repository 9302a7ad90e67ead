#!/bin/bash
# add-debian-packages.sh BASE PACKAGES... FOLDER
# A layer over BASE: what the installation of Debian packages adds to it.
set -eu
base=$1 packages=("${@:2:$#-2}") folder=${!#}
export DEBIAN_FRONTEND=noninteractive
# A folder for temporary files may be there outside alone, and some packages cannot be installed without it.
unset TMPDIR
source "$(dirname "$0")/attempt.sh"

rm -rf --one-file-system "$folder.work"
mkdir -p "$folder" "$folder.work/root" "$folder.work/overlay"
mount -t overlay -o "lowerdir=$base,upperdir=$folder,workdir=$folder.work/overlay" layer "$folder.work/root"
cd "$folder.work/root"
mount -t proc proc proc
mount --bind /dev dev
mount --bind "$(realpath /etc/resolv.conf)" etc/resolv.conf
# Nothing is started here: the units are for the machines.
printf '#!/bin/sh\nexit 101\n' >usr/sbin/policy-rc.d
chmod +x usr/sbin/policy-rc.d

attempt chroot . apt-get update -qq
attempt chroot . apt-get install -y -qq --no-install-recommends "${packages[@]}"

rm -rf usr/sbin/policy-rc.d var/cache/apt/archives/*.deb var/lib/apt/lists/*
umount etc/resolv.conf dev proc
cd /
umount "$folder.work/root"
rm -rf --one-file-system "$folder.work"
