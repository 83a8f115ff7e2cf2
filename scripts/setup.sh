#!/bin/sh
# setup.sh - installs what a bare Debian 12 lacks: packages, then .venv.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# May be run again at any time; does nothing where nothing is missing.
# Needs root or sudo only when a package is missing.
set -eu
cd "$(dirname "$0")/.."

packages=$(sed 's/#.*//' scripts/packages.txt)

missing=
for package in $packages; do
  case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
    *' installed') ;;
    *) missing="$missing $package" ;;
  esac
done

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    echo "setup: error: cannot install packages without root or sudo;" \
         "missing:$missing" >&2
    exit 1
  fi
}

# DEBIAN_FRONTEND must be set on the far side of sudo, hence env.
apt_install() {
  # shellcheck disable=SC2086 # one word a package
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends $missing
}

if [ -n "$missing" ]; then
  echo "setup: installing$missing"
  # The lists may be absent or stale: fetch them only when the install fails.
  if ! apt_install >/dev/null 2>&1; then
    as_root apt-get update -qq
    apt_install
  fi
fi

# The stamp names what the environment was made of; a change makes it anew.
python=${PYTHON:-/usr/bin/python3}
stamp=.venv/tilewright-stamp
wanted=$("$python" --version; cat scripts/requirements.txt)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
  echo "setup: making the Python environment .venv"
  "$python" -m venv --clear .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check \
    -r scripts/requirements.txt
  printf '%s\n' "$wanted" >"$stamp"
fi
