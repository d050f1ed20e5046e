# The target `reference`: the API reference, from the docstrings, as HTML in reference/index.html of the build folder.
find_program(DOXYGEN doxygen REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# The folders below include/webpool that users neither call nor write themselves.
set(hidden browser content detail driver engine impl onnx protocol transport)
list(TRANSFORM hidden REPLACE "(.+)" "*/webpool/\\1/*.hpp" OUTPUT_VARIABLE hidden_headers)
list(JOIN hidden_headers " " hidden_headers)
list(JOIN hidden "," hidden)

# A page for each example, below its first comment.
set(example_pages ${PROJECT_BINARY_DIR}/examples.dox)
set(pages "")
file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*.cpp)
foreach(source IN LISTS sources)
  cmake_path(GET source FILENAME name)
  file(READ ${source} comment)
  string(REGEX MATCH "^(//[^\n]*\n)+" comment "${comment}")
  string(REGEX REPLACE "(^|\n)// *" "\\1" comment "${comment}")
  string(APPEND pages "/** @example ${name}\n${comment}*/\n")
endforeach()
file(CONFIGURE OUTPUT ${example_pages} CONTENT "${pages}" @ONLY)

set(reference ${PROJECT_BINARY_DIR}/reference)
configure_file(${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
add_custom_target(reference
  COMMAND ${CMAKE_COMMAND} -E rm -rf ${reference}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${reference}
  COMMAND ${DOXYGEN} ${PROJECT_BINARY_DIR}/Doxyfile VERBATIM)
