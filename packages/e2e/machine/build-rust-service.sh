#!/bin/bash
# build-rust-service.sh SOURCES FOLDER
# Compiles the service of the Rust crate in SOURCES into FOLDER, with the versions of its Cargo.lock.
set -eu
sources=$1 folder=$2
source "$(dirname "$0")/attempt.sh"

attempt cargo fetch --locked --manifest-path "$sources/Cargo.toml"
mkdir -p "$folder"
cargo build --locked --offline --manifest-path "$sources/Cargo.toml" --target-dir "$folder.work"
cp "$folder.work/debug/rust-service" "$folder"
rm -rf --one-file-system "$folder.work"
