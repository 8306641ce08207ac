# What every target of ours has, and the two ways in which a folder becomes one.
include(GoogleTest)

add_library(rampart_options INTERFACE)
target_compile_options(rampart_options INTERFACE -Wall -Wextra -Wconversion -Werror)
target_include_directories(rampart_options INTERFACE ${PROJECT_SOURCE_DIR})
if(RAMPART_SANITIZE)
  target_compile_options(rampart_options INTERFACE
    -fsanitize=${RAMPART_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(rampart_options INTERFACE -fsanitize=${RAMPART_SANITIZE})
  if(RAMPART_SANITIZE STREQUAL "thread")
    # Asio has fences of its own, which TSan does not see; what they guard it may report.
    target_compile_options(rampart_options INTERFACE -Wno-tsan)
  endif()
endif()

# rampart_library(NAME LIBS...): the .cc files of this folder, but for main.cc.
function(rampart_library name)
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "main\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC rampart_options ${ARGN})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE rampart_options ${ARGN})
  endif()
endfunction()

# rampart_tests(NAME LIBS...): the *_test.cc files of this folder as one GoogleTest program.
function(rampart_tests name)
  file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE rampart_options ${ARGN} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120)
  endif()
endfunction()

# rampart_fault_tests(NAME LIBS...): the same for slow tests of what goes wrong, which only
# `./dev test --faults` runs, one at a time.
function(rampart_fault_tests name)
  file(GLOB sources CONFIGURE_DEPENDS *_test.cc)
  if(sources)
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE rampart_options ${ARGN} GTest::gmock GTest::gtest_main)
    gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 600 LABELS faults RUN_SERIAL TRUE)
  endif()
endfunction()
