# TilewrightKernels.cmake - kernels as part of a CMake build.

# tilewright_add_kernels(TARGET DESCRIPTION.json
#                        [CHIPS chip...] [KERNELS name...] [OUTPUT file]
#                        [HEADER [file]] [C_PREFIX name] [OPTIONS option...])
# Compiles a description with tile-compile when it or the sources that it names
# change. The library is OUTPUT, by default TARGET.tilelib in the current binary
# folder; TARGET's property TILEWRIGHT_LIBRARY has its path. Without CHIPS the
# description's own. What links to TARGET links to the runtime, and is built
# after the library.
#
# With HEADER it writes a typed C header of the kernels as well, by default
# TARGET.h in a folder of its own, and what links to TARGET finds it; property
# TILEWRIGHT_HEADER has its path. C_PREFIX is what its names start with.
function(tilewright_add_kernels target description)
  cmake_parse_arguments(ARG "" "OUTPUT;C_PREFIX" "CHIPS;KERNELS;OPTIONS;HEADER"
                        ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tilewright_add_kernels: expected CHIPS, KERNELS, "
            "OUTPUT, HEADER, C_PREFIX or OPTIONS, but got '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  list(LENGTH ARG_HEADER headers)
  set(hasHeader FALSE)
  if(headers OR "HEADER" IN_LIST ARG_KEYWORDS_MISSING_VALUES)
    set(hasHeader TRUE)
  endif()
  if(headers GREATER 1)
    message(FATAL_ERROR "tilewright_add_kernels: expected at most one file "
            "after HEADER, but got '${ARG_HEADER}'")
  endif()
  if(ARG_C_PREFIX AND NOT hasHeader)
    message(FATAL_ERROR "tilewright_add_kernels: expected HEADER with C_PREFIX")
  endif()
  if(NOT TILEWRIGHT_COMPILE)
    message(FATAL_ERROR "tilewright_add_kernels: expected tile-compile in the "
            "PATH or in TILEWRIGHT_COMPILE")
  endif()
  get_filename_component(description "${description}" ABSOLUTE)
  if(NOT EXISTS "${description}")
    message(FATAL_ERROR "tilewright_add_kernels: no file '${description}'")
  endif()
  if(NOT ARG_OUTPUT)
    set(ARG_OUTPUT "${target}.tilelib")
  endif()
  get_filename_component(output "${ARG_OUTPUT}" ABSOLUTE BASE_DIR
                         "${CMAKE_CURRENT_BINARY_DIR}")

  # The files beside the description that it names as sources.
  get_filename_component(folder "${description}" DIRECTORY)
  file(READ "${description}" text)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
               "${description}")
  string(REGEX MATCHALL "\"file\"[ \t\r\n]*:[ \t\r\n]*\"[^\"]*\"" entries
         "${text}")
  set(sources)
  foreach(entry IN LISTS entries)
    string(REGEX REPLACE ".*\"([^\"]*)\"$" "\\1" file "${entry}")
    get_filename_component(file "${file}" ABSOLUTE BASE_DIR "${folder}")
    list(APPEND sources "${file}")
  endforeach()
  list(REMOVE_DUPLICATES sources)

  set(command "${TILEWRIGHT_COMPILE}" "${description}" --quiet ${ARG_OPTIONS})
  if(ARG_CHIPS)
    list(JOIN ARG_CHIPS "," chips)
    list(APPEND command --chip "${chips}")
  endif()
  foreach(kernel IN LISTS ARG_KERNELS)
    list(APPEND command --kernel "${kernel}")
  endforeach()
  add_custom_command(OUTPUT "${output}"
    COMMAND ${command} -o "${output}"
    DEPENDS "${description}" ${sources} "${TILEWRIGHT_COMPILE}"
    COMMENT "Compiling kernels of ${target}"
    VERBATIM)
  set(outputs "${output}")

  if(hasHeader)
    # A folder of its own: a program's own headers may be in the binary folder.
    if(NOT ARG_HEADER)
      set(ARG_HEADER "${target}.include/${target}.h")
    endif()
    get_filename_component(header "${ARG_HEADER}" ABSOLUTE BASE_DIR
                           "${CMAKE_CURRENT_BINARY_DIR}")
    get_filename_component(headerFolder "${header}" DIRECTORY)
    file(MAKE_DIRECTORY "${headerFolder}")
    set(prefix)
    if(ARG_C_PREFIX)
      set(prefix "--c-prefix=${ARG_C_PREFIX}")
    endif()
    add_custom_command(OUTPUT "${header}"
      COMMAND ${command} --emit=c-header ${prefix} -o "${header}"
      DEPENDS "${description}" ${sources} "${TILEWRIGHT_COMPILE}"
      COMMENT "Writing ${ARG_HEADER}"
      VERBATIM)
    list(APPEND outputs "${header}")
  endif()

  # As sources of a library without code they are built with `all`, and before
  # what links to it.
  add_library(${target} INTERFACE ${outputs})
  target_link_libraries(${target} INTERFACE Tilewright::tilewright-rt)
  set_property(TARGET ${target} PROPERTY TILEWRIGHT_LIBRARY "${output}")
  if(hasHeader)
    target_include_directories(${target} SYSTEM INTERFACE "${headerFolder}")
    set_property(TARGET ${target} PROPERTY TILEWRIGHT_HEADER "${header}")
  endif()
endfunction()
