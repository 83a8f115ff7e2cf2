# TilewrightKernels.cmake - kernels as part of a CMake build.

# tilewright_add_kernels(TARGET DESCRIPTION.json
#                        [CHIPS chip...] [KERNELS name...] [OUTPUT file]
#                        [OPTIONS option...])
# Compiles a description with tile-compile when it or the sources that it names
# change. The library is OUTPUT, by default TARGET.tilelib in the current binary
# folder; TARGET's property TILEWRIGHT_LIBRARY has its path. Without CHIPS the
# description's own.
function(tilewright_add_kernels target description)
  cmake_parse_arguments(ARG "" "OUTPUT" "CHIPS;KERNELS;OPTIONS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tilewright_add_kernels: expected CHIPS, KERNELS, OUTPUT "
            "or OPTIONS, but got '${ARG_UNPARSED_ARGUMENTS}'")
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

  set(command "${TILEWRIGHT_COMPILE}" "${description}" --quiet -o "${output}")
  if(ARG_CHIPS)
    list(JOIN ARG_CHIPS "," chips)
    list(APPEND command --chip "${chips}")
  endif()
  foreach(kernel IN LISTS ARG_KERNELS)
    list(APPEND command --kernel "${kernel}")
  endforeach()
  add_custom_command(OUTPUT "${output}"
    COMMAND ${command} ${ARG_OPTIONS}
    DEPENDS "${description}" ${sources} "${TILEWRIGHT_COMPILE}"
    COMMENT "Compiling kernels of ${target}"
    VERBATIM)
  add_custom_target(${target} ALL DEPENDS "${output}")
  set_property(TARGET ${target} PROPERTY TILEWRIGHT_LIBRARY "${output}")
endfunction()
