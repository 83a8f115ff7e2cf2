// Pch.cpp - compiles the precompiled header once; all libraries reuse it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
