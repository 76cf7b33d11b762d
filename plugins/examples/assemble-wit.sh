#!/usr/bin/env bash
# Lays out the contract the way guest tools want it: one folder with the world's package at its root and the packages
# that it uses under deps/.
#
#     assemble-wit.sh PACKAGE FOLDER      (PACKAGE: detector, tool, buddy or dream; FOLDER is created)
set -euo pipefail

if [ $# -ne 2 ]; then
  echo "usage: $0 PACKAGE FOLDER" >&2
  exit 2
fi
wit="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../wit" && pwd)"
if [ ! -d "$wit/$1" ]; then
  echo "$0: there is no package '$1' in $wit" >&2
  exit 2
fi
mkdir -p "$2/deps/host"
cp "$wit/$1"/*.wit "$2/"
cp "$wit/host"/*.wit "$2/deps/host/"
