#!/bin/sh
# Make sure that a Chromium is there for the browser tests; say what to do where it can't be installed.
set -eu
for name in "${NETATLAS_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done
if ! command -v apt-get >/dev/null 2>&1; then
    echo "No Chromium and no apt-get here: install one and name it in NETATLAS_CHROMIUM, or the browser tests are skipped." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    echo "No Chromium: run 'sudo apt-get install chromium', or the browser tests are skipped." >&2
    exit 0
fi
echo "Installing Chromium for the browser tests"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
$sudo apt-get install -y -qq --no-install-recommends chromium >/dev/null
