# Functions that every folder uses; read CMakeLists.txt first.

# tilewright_add_library(NAME sources... [NO_PCH] [DEPENDS targets...]
#                        [LINK_LIBS PUBLIC libraries...])
# One static library per folder. LINK_LIBS names only our own libraries: LLVM
# and MLIR always come from their shared libraries (two copies of MLIR in one
# process do not work). NO_PCH is for sources that use LLVM alone.
function(tilewright_add_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  list(REMOVE_ITEM ARG_LINK_LIBS PUBLIC)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
  if(ARG_NO_PCH)
    target_link_libraries(${name} PUBLIC LLVM)
  else()
    target_link_libraries(${name} PUBLIC MLIR LLVM)
    target_precompile_headers(${name} REUSE_FROM TilewrightPCH)
  endif()
  # Generated headers are needed before the first source compiles.
  add_dependencies(${name} tilewright-headers ${ARG_DEPENDS})
endfunction()

# tilewright_add_tool(NAME sources... [NO_PCH] [LINK_LIBS PUBLIC libraries...])
function(tilewright_add_tool name)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  list(REMOVE_ITEM ARG_LINK_LIBS PUBLIC)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  if(NOT ARG_NO_PCH)
    target_link_libraries(${name} PRIVATE MLIR LLVM)
    target_precompile_headers(${name} REUSE_FROM TilewrightPCH)
    # The header was compiled so; an executable would get -fPIE.
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  add_dependencies(${name} tilewright-headers)
  add_dependencies(tilewright-tools ${name})
endfunction()

# tilewright_add_unittest(NAME sources... [NO_PCH] [LINK_LIBS PUBLIC libs...])
# A GoogleTest program below build/test/Unit, found there by scripts/check.sh.
function(tilewright_add_unittest name)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
  list(REMOVE_ITEM ARG_LINK_LIBS PUBLIC)
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} GTest::gtest_main)
  if(NOT ARG_NO_PCH)
    target_link_libraries(${name} PRIVATE MLIR LLVM)
    target_precompile_headers(${name} REUSE_FROM TilewrightPCH)
    target_compile_options(${name} PRIVATE -fPIC)
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                        "${CMAKE_BINARY_DIR}/test/Unit")
  add_dependencies(${name} tilewright-headers)
  add_dependencies(tilewright-unittests ${name})
endfunction()
