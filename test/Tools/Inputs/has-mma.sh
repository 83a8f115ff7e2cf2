#!/bin/sh
# Interesting is a file with an mma in it (tile-reduce: exit code 1).
if grep -q 'tile.mma' "$1"; then exit 1; fi
exit 0
