#!/bin/bash
# install-packages.sh FOLDER
# A layer with all published packages in it, packed and installed as by `npm install --global`. Services under /srv find them.
set -eu
folder=$1 repository=$(realpath "$(dirname "$0")/../../..")
mkdir -p "$folder/srv"
for manifest in "$repository"/packages/*/package.json; do
  grep -q '"private": true' "$manifest" && continue
  cd "$(dirname "$manifest")"
  "$repository/node_modules/.bin/pnpm" pack --pack-destination "$folder/tarballs"
done
# With a prefix npm would look for the machine's own settings, its certificates for instance, below that.
settings=$(npm config get globalconfig)
npm install --global --prefix "$folder/usr" --globalconfig "$settings" --no-audit --no-fund "$folder"/tarballs/*.tgz
rm -r "$folder/tarballs"
# Services that define a state have it too.
ln -s shellflip/node_modules/zod "$folder/usr/lib/node_modules/zod"
ln -s /usr/lib/node_modules "$folder/srv/node_modules"
