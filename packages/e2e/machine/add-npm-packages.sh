#!/bin/bash
# add-npm-packages.sh TOOLCHAIN BASE NODE HEADERS PACKAGES... FOLDER
# A layer with other people's npm packages, installed globally. Their addons are compiled in BASE with TOOLCHAIN over it, for
# the libraries that the machines have. PACKAGES are NAME@VERSION.
set -eu
toolchain=$1 base=$2 node=$3 headers=$4 packages=("${@:5:$#-5}") folder=${!#}
source "$(dirname "$0")/attempt.sh"

work=$folder.work root=$folder.work/root modules=usr/lib/node_modules
rm -rf --one-file-system "$work"
mkdir -p "$folder" "$root" "$work"/{upper,overlay,tools}

settings=$(npm config get globalconfig)
install() {
  attempt npm install --globalconfig "$settings" --ignore-scripts --no-audit --no-fund --prefix "$@"
}
install "$folder/usr" --global "${packages[@]}"
install "$work/tools" node-gyp@12

mount -t overlay -o "lowerdir=$toolchain:$base,upperdir=$work/upper,workdir=$work/overlay" layer "$root"
cd "$root"
mkdir -p "$modules" node/include/node tools
touch node/node
mount -t proc proc proc
mount --bind /dev dev
mount --bind "$folder/$modules" "$modules"
mount --bind "$node" node/node
mount --bind "$headers" node/include/node
mount --bind "$work/tools" tools

for package in "${packages[@]}"; do
  addon=$modules/${package%@*}
  [ -e "$addon/binding.gyp" ] || continue
  chroot . env -i PATH=/node:/usr/bin:/bin HOME=/root \
    node /tools/node_modules/node-gyp/bin/node-gyp.js rebuild --directory "/$addon" --nodedir /node
done

umount tools node/include/node node/node "$modules" dev proc
cd /
umount "$root"
rm -rf --one-file-system "$work"
