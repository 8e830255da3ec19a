#!/bin/sh
# Make sure that a Chromium and an nginx are there for the browser tests; say what to do where they can't be installed.
set -eu
missing="chromium"
for name in "${NETATLAS_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then
        missing=""
    fi
done
# Only its program is wanted: no server is started, which the tests do themselves on a port of 127.0.0.1.
if ! command -v nginx >/dev/null 2>&1 && [ ! -x /usr/sbin/nginx ]; then
    missing="$missing nginx-light"
fi
if [ -z "$missing" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "No apt-get here: install $missing (a Chromium may be named in NETATLAS_CHROMIUM), or browser tests are skipped." >&2
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    echo "Run 'sudo apt-get install $missing', or browser tests are skipped." >&2
    exit 0
fi
echo "Installing for the browser tests: $missing"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq
# shellcheck disable=SC2086 # several words on purpose
$sudo env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/dev/null
