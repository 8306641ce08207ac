#include "agent/protocol/content_block.h"

#include <cstdint>
#include <random>
#include <string>

namespace rampart::agent {

std::string_view ContentBlock() {
  static const auto& block = *new std::string([] {
    std::mt19937_64 random(1);
    std::string bytes;
    bytes.reserve(kContentBlockBytes);
    while (bytes.size() < kContentBlockBytes) {
      uint64_t drawn = random();
      for (int i = 0; i < 8; ++i, drawn >>= 8) bytes.push_back(static_cast<char>(drawn & 0xFF));
    }
    return bytes;
  }());
  return block;
}

}  // namespace rampart::agent
