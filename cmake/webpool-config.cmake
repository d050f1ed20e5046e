include(${CMAKE_CURRENT_LIST_DIR}/dependencies.cmake)
if(WEBPOOL_MISSING)
  list(JOIN WEBPOOL_MISSING " " webpool_packages)
  set(webpool_FOUND FALSE)
  set(webpool_NOT_FOUND_MESSAGE
    "webpool needs libraries that were not found; the Debian packages are: ${webpool_packages}. Or set WEBPOOL_FETCH_DEPENDENCIES=ON.")
  return()
endif()

include(${CMAKE_CURRENT_LIST_DIR}/webpool-targets.cmake)
if(NOT TARGET webpool::compiled)
  # Like the libraries they need, seen from the whole project, since webpool::compiled is.
  set_target_properties(webpool::core webpool::headers webpool::webpool PROPERTIES IMPORTED_GLOBAL TRUE)
  include(${CMAKE_CURRENT_LIST_DIR}/compiled.cmake)
endif()
