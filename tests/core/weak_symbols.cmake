# weak_symbols.cmake: no kernel object may export a weak symbol.
#
# Inline functions and templates with external linkage become weak symbols; the linker keeps one of
# several, and may keep the one compiled for AVX-512 for a machine that has none. Run by ctest with
# NM (the tool) and OBJECTS (all objects of the core).
if(NOT NM)
  message(FATAL_ERROR "nm was not found")
endif()
set(kernel_files 0)
foreach(object IN LISTS OBJECTS)
  if(NOT object MATCHES "/kernels/[a-z0-9_]+\\.cpp" OR object MATCHES "/kernels/kernels\\.cpp")
    continue()
  endif()
  execute_process(COMMAND ${NM} --defined-only --extern-only ${object}
    OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  math(EXPR kernel_files "${kernel_files} + 1")
  string(REGEX MATCHALL "[^\n]* [VWuvw] [^\n]*" weak "${symbols}")
  if(weak)
    message(FATAL_ERROR "${object} exports weak symbols: ${weak}")
  endif()
  string(REGEX MATCHALL "[^\n]+" exported "${symbols}")
  list(LENGTH exported count)
  if(count GREATER 1)
    message(FATAL_ERROR "${object} must export its kernel set alone, exports: ${exported}")
  endif()
endforeach()
if(kernel_files LESS 2)
  message(FATAL_ERROR "found ${kernel_files} kernel objects in: ${OBJECTS}")
endif()
message(STATUS "${kernel_files} kernel objects, no weak symbol")
