# The target `coverage`: runs the unit tests and prints what share of the lines in include/ they reach. The figure for each
# file is then in coverage.txt.
find_program(GCOVR gcovr REQUIRED)

set(unit_tests unit_core unit_webpool unit_driver)
set(report ${PROJECT_BINARY_DIR}/coverage.txt)
add_custom_target(coverage
  COMMAND ${CMAKE_COMMAND} -E chdir ${PROJECT_BINARY_DIR} ${CMAKE_CTEST_COMMAND} --label-regex ^unit$ --output-on-failure
  COMMAND ${GCOVR} --root ${PROJECT_SOURCE_DIR} --filter ${PROJECT_SOURCE_DIR}/include/
    --exclude ${PROJECT_SOURCE_DIR}/include/webpool/detail/page_assets.hpp --output ${report} ${PROJECT_BINARY_DIR}
  COMMAND ${CMAKE_COMMAND} -E cat ${report} | grep ^TOTAL
  DEPENDS ${unit_tests} VERBATIM)
