#!/bin/sh
# build.sh - sets up, configures and builds a preset, by default release into
# build/.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# build.sh [TARGET...]: all tools without a TARGET.
# JOBS=N limits the parallel compilations; PRESET=NAME names another preset,
# which builds into build-NAME/.
set -eu
cd "$(dirname "$0")/.."

scripts/setup.sh

# A precompiled header is cached only with these; ccache keeps its files in
# the user's cache folder, so a fresh clone starts warm.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_DIR="${CCACHE_DIR:-${XDG_CACHE_HOME:-${HOME:-/var/tmp}/.cache}/ccache}"

# The full configuration log only matters when it fails.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
preset=${PRESET:-release}
folder=build-$preset
[ "$preset" != release ] || folder=build
if ! cmake --preset "$preset" >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
[ $# -gt 0 ] || set -- all
ninja -C "$folder" -j "${JOBS:-$(nproc)}" "$@"
