#!/bin/bash
# node-image.sh MODULES NAME
# The image that containers of Node are made from, where no registry is: the machine's Node with what it is linked to, and an
# npm that "installs" what stands in MODULES.
set -eu
modules=$1 name=$2
root=$(mktemp -d)
mkdir -p "$root"/usr/local/{bin,lib} "$root"/{tmp,etc}
for file in /usr/bin/node $(ldd /usr/bin/node | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$file")"
  cp --dereference "$file" "$root$file"
done
mv "$root/usr/bin/node" "$root/usr/local/bin/node"
cp --recursive "$modules" "$root/usr/local/lib/node_modules"
cat >"$root/usr/local/bin/npm" <<'NPM'
#!/usr/local/bin/node
require('node:fs').cpSync('/usr/local/lib/node_modules', 'node_modules', { recursive: true })
NPM
chmod +x "$root/usr/local/bin/npm"
tar --directory "$root" --create . | podman import --quiet --change 'ENV PATH=/usr/local/bin' - "$name"
rm -r "$root"
