# Defines webpool::compiled: what stands behind the pool's interface, compiled once into a static library. This build
# includes the file, and so does the installed package. The package's user builds the library, and only if a target links
# it, so it always has the compiler, the flags and the sanitizers of the program around it.

add_library(webpool_compiled STATIC EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/webpool.cpp)
target_link_libraries(webpool_compiled PUBLIC webpool::headers)
target_compile_definitions(webpool_compiled PUBLIC WEBPOOL_COMPILED)
set_target_properties(webpool_compiled PROPERTIES
  POSITION_INDEPENDENT_CODE ON  # it may become part of a shared library
  WEBPOOL_HEADER_ONLY_OR_COMPILED compiled
  INTERFACE_WEBPOOL_HEADER_ONLY_OR_COMPILED compiled COMPATIBLE_INTERFACE_STRING WEBPOOL_HEADER_ONLY_OR_COMPILED)

# Imported, so that a library that links it can be exported without it: its users find webpool for themselves.
add_library(webpool::compiled INTERFACE IMPORTED GLOBAL)
target_link_libraries(webpool::compiled INTERFACE webpool_compiled)
