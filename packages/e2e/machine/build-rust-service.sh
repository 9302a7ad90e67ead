#!/bin/bash
# build-rust-service.sh SOURCES FOLDER
# Compiles the service of the Rust crate in SOURCES into FOLDER. Cargo.toml has exact versions of the crates.
set -eu
sources=$1 folder=$2
source "$(dirname "$0")/attempt.sh"

mkdir -p "$folder" "$folder.work"
cp -r "$sources" "$folder.work/sources"
cd "$folder.work/sources"
attempt cargo fetch
cargo build --locked --offline --target-dir "$folder.work/target"
cp "$folder.work/target/debug/rust-service" "$folder"
cd /
rm -rf --one-file-system "$folder.work"
