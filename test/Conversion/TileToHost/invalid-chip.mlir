// RUN: not tile-opt -convert-tile-to-host=chip=gfx942 %s 2>&1 | FileCheck %s

// CHECK: error: expected option 'chip' to be 'x86-64-v3' or 'x86-64-v4', but got 'gfx942'
module {
}
