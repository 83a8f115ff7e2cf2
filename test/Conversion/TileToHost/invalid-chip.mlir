// RUN: not tile-opt -convert-tile-to-host=chip=gfx942 %s 2>&1 | FileCheck %s

// CHECK: error: expected option 'chip' to name a level of the host (such as 'x86-64-v3'), but got 'gfx942'
module {
}
