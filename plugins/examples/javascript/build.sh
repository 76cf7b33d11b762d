#!/usr/bin/env bash
# Builds todo-js.wasm into the folder named by the first argument. Needs Node 20 or newer with npm.
# The build tool goes into a folder of its own below KAIROS_GUEST_TOOLS (default: kairos-run/guest-tools in the user's cache).
set -euo pipefail

jco=1.35.0
qjs=0.4.5 # the engine that jco puts into the component

if [ $# -ne 1 ]; then
  echo "usage: $0 OUTPUT-FOLDER" >&2
  exit 2
fi
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$1"
out="$(cd "$1" && pwd)"
tools="${KAIROS_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kairos-run/guest-tools}/jco-$jco-qjs-$qjs"

if [ ! -e "$tools/ready" ]; then
  echo "installing jco $jco with componentize-qjs $qjs into $tools" >&2
  mkdir -p "$tools"
  # None of them needs an install script, so none runs.
  npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error \
    "@bytecodealliance/jco@$jco" "componentize-qjs@$qjs" >&2
  touch "$tools/ready"
fi

temp="$(mktemp -d)"
trap 'rm -rf "$temp"' EXIT
bash "$here/../assemble-wit.sh" detector "$temp/wit"
cp "$here/todo.js" "$temp/"

# Without async and with WASI stubbed the component imports the contract alone.
cd "$temp"
"$tools/node_modules/.bin/jco" componentize todo.js --backend quickjs --backend-qjs-disable-async --backend-qjs-stub-wasi \
  --wit wit --world-name detector-plugin --out todo-js.wasm >&2
mv todo-js.wasm "$out/todo-js.wasm"
