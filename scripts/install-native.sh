#!/bin/sh
# Installs the native programs that some tests need, where they are missing: Chromium (tests in a real browser) and
# bubblewrap (the sandbox that grading runs in). For Debian and its kin; as root, or with sudo.
set -eu

packages=""
command -v bwrap >/dev/null || packages="$packages bubblewrap"
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    packages="$packages chromium fonts-dejavu-core"
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install-native.sh: this system has no apt-get; install yourself:$packages (armod doctor says how)." >&2
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null; then
    as_root="sudo"
else
    echo "install-native.sh: run this as root, or install sudo; missing are:$packages" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # several words are meant
$as_root apt-get install -y -qq --no-install-recommends $packages
