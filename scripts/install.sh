#!/bin/sh
# Installs kairos-run for you alone; no root is needed. Again for an update.
#
#   sh install.sh [FROM]    FROM is a folder, or the address of one (https://...), with SHA256SUMS and the archives;
#                           without it, the folder in which this script lies
#
# The program goes to ~/.local/bin, or to the folder that KAIROS_BIN names. `kairos-run uninstall` takes all else away.
set -eu

die() { printf 'error: %s\n' "$1" >&2; exit 1; }
case ${1-} in -h | --help) sed -n '2,/^set/ { /^set/d; s/^# \{0,1\}//; p; }' "$0"; exit ;; esac
[ $# -le 1 ] || die "one folder or address is enough; see --help"
from=${1:-$(dirname "$0")}
from=${from%/}
[ -n "${KAIROS_BIN:-${HOME:-}}" ] || die "HOME is not set"
bin=${KAIROS_BIN:-$HOME/.local/bin}

case $(uname -m) in
    x86_64 | amd64) cpu=x86_64 ;;
    aarch64 | arm64) cpu=aarch64 ;;
    *) die "there is no build for the processor $(uname -m)" ;;
esac
# The first one that is there is taken: static before linked to the system's glibc.
case $(uname -s) in
    Linux) targets="$cpu-unknown-linux-musl $cpu-unknown-linux-gnu" ;;
    Darwin) targets=$cpu-apple-darwin ;;
    *) die "there is no build for $(uname -s)" ;;
esac

work=$(mktemp -d)
new=
trap 'rm -rf "$work"; [ -z "$new" ] || rm -f "$new"' EXIT
trap 'exit 1' HUP INT TERM
get() {
    case $from in
        *://*)
            if command -v curl >/dev/null; then
                curl -fsSL --proto '=https,http' -o "$work/$1" "$from/$1" || die "can't get $from/$1"
            elif command -v wget >/dev/null; then
                wget -q -O "$work/$1" "$from/$1" || die "can't get $from/$1"
            else
                die "curl or wget is needed to get $from/$1"
            fi
            ;;
        *) cp "$from/$1" "$work/$1" || die "can't read $from/$1" ;;
    esac
}

get SHA256SUMS
archive=
for target in $targets; do
    # A name with a slash, or anything else in it, is not one of ours.
    archive=$(sed -n "s/^[0-9a-f]\{64\} [ *]\(kairos-run-[0-9A-Za-z.+-]*-$target\.tar\.gz\)\$/\1/p" "$work/SHA256SUMS" | tail -n 1)
    [ -z "$archive" ] || break
done
[ -n "$archive" ] || die "$from has no build for this machine ($targets)"
get "$archive"
grep -F " $archive" "$work/SHA256SUMS" | tail -n 1 > "$work/sum"
if command -v sha256sum >/dev/null; then check="sha256sum -c"; else check="shasum -a 256 -c"; fi
(cd "$work" && $check sum >/dev/null 2>&1) || die "$archive is not what SHA256SUMS says: damaged, or not the one that was released"

name=${archive%.tar.gz}
tar -xzf "$work/$archive" -C "$work" "$name/kairos-run" || die "$archive holds no kairos-run"
says=$("$work/$name/kairos-run" --version 2>&1) || die "it does not run here: $says"
mkdir -p "$bin"
# A program that runs can't be written over, but replaced; and no reader ever sees half of it.
new=$bin/.kairos-run.$$
cp "$work/$name/kairos-run" "$new"
chmod 755 "$new"
mv -f "$new" "$bin/kairos-run"
new=
printf 'installed %s as %s\n' "$says" "$bin/kairos-run"

case :${PATH:-}: in
    *":$bin:"*) ;;
    *) printf 'note: %s is not in your PATH; add it, or call the program by its full name\n' "$bin" ;;
esac
printf 'next: `kairos-run start` in a project, or `kairos-run restart` if an older one runs\n'
