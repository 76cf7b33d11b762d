#!/usr/bin/env bash
# Builds todo-python.wasm into the folder named by the first argument. Needs Python 3.10 or newer with venv.
# The build tool goes into a folder of its own below KAIROS_GUEST_TOOLS (default: kairos-run/guest-tools in the user's cache).
set -euo pipefail

componentize_py=0.25.1

if [ $# -ne 1 ]; then
  echo "usage: $0 OUTPUT-FOLDER" >&2
  exit 2
fi
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$1"
out="$(cd "$1" && pwd)"
tools="${KAIROS_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kairos-run/guest-tools}/componentize-py-$componentize_py"

if [ ! -e "$tools/ready" ]; then
  echo "installing componentize-py $componentize_py into $tools" >&2
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "componentize-py==$componentize_py"
  touch "$tools/ready"
fi

temp="$(mktemp -d)"
trap 'rm -rf "$temp"' EXIT
bash "$here/../assemble-wit.sh" detector "$temp/wit"
# Only the plugin's own file goes in, and nothing from the folder that the script is called in.
mkdir "$temp/app"
cp "$here/todo.py" "$temp/app/"

"$tools/bin/componentize-py" --quiet --wit-path "$temp/wit" --world detector-plugin \
  componentize todo --python-path "$temp/app" --stub-wasi --output "$temp/todo-python.wasm"
mv "$temp/todo-python.wasm" "$out/todo-python.wasm"
