# Finds what webpool::webpool needs beyond the standard library. The build includes this file, and so does the installed
# package on its user's machine: it makes the targets webpool::asio, webpool::websocketpp, webpool::simdjson and
# webpool::protozero, and sets WEBPOOL_MISSING to the Debian packages of what was not found.

option(WEBPOOL_FETCH_DEPENDENCIES "Download the libraries that are not installed, each pinned to a git commit" OFF)
set(WEBPOOL_MISSING "")

# SOURCE_SUBDIR names a folder that does not exist: the sources are fetched and nothing of them is built.
function(webpool_fetch name repository commit)
  include(FetchContent)
  FetchContent_Declare(webpool_${name} GIT_REPOSITORY https://github.com/${repository}.git GIT_TAG ${commit} SYSTEM ${ARGN})
  FetchContent_MakeAvailable(webpool_${name})
  set(webpool_${name}_SOURCE_DIR ${webpool_${name}_SOURCE_DIR} PARENT_SCOPE)
endfunction()

# Not every distribution ships CMake files for the header-only libraries: these are found by a header.
macro(webpool_find_headers name header package repository commit folder)
  if(NOT TARGET webpool::${name})
    find_path(WEBPOOL_${name}_INCLUDE_DIR ${header} DOC "Folder that holds ${header}")
    mark_as_advanced(WEBPOOL_${name}_INCLUDE_DIR)
    set(webpool_folder ${WEBPOOL_${name}_INCLUDE_DIR})
    if(NOT webpool_folder AND WEBPOOL_FETCH_DEPENDENCIES)
      webpool_fetch(${name} ${repository} ${commit} SOURCE_SUBDIR none)
      set(webpool_folder ${webpool_${name}_SOURCE_DIR}/${folder})
    endif()
    if(webpool_folder)
      add_library(webpool::${name} INTERFACE IMPORTED GLOBAL)
      target_include_directories(webpool::${name} SYSTEM INTERFACE ${webpool_folder})
    else()
      list(APPEND WEBPOOL_MISSING ${package})
    endif()
  endif()
endmacro()

webpool_find_headers(asio asio/io_context.hpp libasio-dev
  chriskohlhoff/asio 12e0ce9e0500bf0f247dbd1ae894272656456079 asio/include)  # 1.30.2
webpool_find_headers(websocketpp websocketpp/connection.hpp libwebsocketpp-dev
  zaphoyd/websocketpp 56123c87598f8b1dd471be83ca841ceae07f95ba .)  # 0.8.2
webpool_find_headers(protozero protozero/pbf_reader.hpp libprotozero-dev
  mapbox/protozero f379578a3f7c8162aac0ac31c2696de09a5b5f93 include)  # 1.7.1

if(NOT TARGET webpool::simdjson)
  find_package(simdjson CONFIG QUIET GLOBAL)
  if(NOT TARGET simdjson::simdjson AND WEBPOOL_FETCH_DEPENDENCIES)
    webpool_fetch(simdjson simdjson/simdjson 7382dc2be88e53fbc35cb50369b831855656f0fd)  # 3.12.3
  endif()
  if(TARGET simdjson::simdjson)
    add_library(webpool::simdjson INTERFACE IMPORTED GLOBAL)
    target_link_libraries(webpool::simdjson INTERFACE simdjson::simdjson)
  else()
    list(APPEND WEBPOOL_MISSING libsimdjson-dev)
  endif()
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED GLOBAL)

# websocketpp uses asio::io_service, which Asio 1.33 removed: one sentence here instead of pages of compiler errors.
if(TARGET webpool::asio)
  get_target_property(webpool_folder webpool::asio INTERFACE_INCLUDE_DIRECTORIES)
  file(STRINGS ${webpool_folder}/asio/version.hpp webpool_asio REGEX "^#define ASIO_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+" webpool_asio "${webpool_asio}")
  if(NOT webpool_asio LESS 103300)
    math(EXPR webpool_asio "${webpool_asio} / 100 % 1000")
    message(FATAL_ERROR
      "webpool needs Asio 1.22 to 1.32; ${webpool_folder} has 1.${webpool_asio}. websocketpp uses asio::io_service, which "
      "Asio 1.33 removed. Point WEBPOOL_asio_INCLUDE_DIR to an older one.")
  endif()
endif()
