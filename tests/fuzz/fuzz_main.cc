// A libFuzzer program of one target, which the build names.
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rampart::RAMPART_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
