# The target `reference`: the API reference, from the docstrings, as HTML in reference/index.html of the build folder.
find_program(DOXYGEN doxygen REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# The folders below include/webpool that users neither call nor write themselves.
set(hidden browser content detail driver engine impl onnx protocol transport)
list(TRANSFORM hidden REPLACE "(.+)" "*/webpool/\\1/*.hpp" OUTPUT_VARIABLE hidden_headers)
list(JOIN hidden_headers " " hidden_headers)
list(JOIN hidden "," hidden)

# A page for each example.
set(example_pages ${PROJECT_BINARY_DIR}/examples.dox)
file(GLOB examples RELATIVE ${PROJECT_SOURCE_DIR}/examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
list(TRANSFORM examples REPLACE "(.+)" "/** @example \\1 */\n")
list(JOIN examples "" examples)
file(CONFIGURE OUTPUT ${example_pages} CONTENT "${examples}" @ONLY)

set(reference ${PROJECT_BINARY_DIR}/reference)
configure_file(${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
add_custom_target(reference
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${reference}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${reference}
  COMMAND ${DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile VERBATIM)
