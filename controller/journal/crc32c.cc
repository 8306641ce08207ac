#include "controller/journal/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace rampart::controller {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected
constexpr size_t kAtOnce = 8;                 // bytes

using Tables = std::array<std::array<uint32_t, 256>, kAtOnce>;

// The n-th table is of a byte that n more bytes follow.
constexpr Tables MakeTables() {
  Tables tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t n = 1; n < kAtOnce; ++n) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[n - 1][byte];
      tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

}  // namespace

uint32_t Crc32c(std::string_view bytes, uint32_t crc) {
  crc = ~crc;
  while (bytes.size() >= kAtOnce) {
    unsigned char b[kAtOnce];
    std::memcpy(b, bytes.data(), kAtOnce);
    for (size_t i = 0; i < 4; ++i) b[i] ^= static_cast<unsigned char>(crc >> (8 * i));
    crc = 0;
    for (size_t i = 0; i < kAtOnce; ++i) crc ^= kTables[kAtOnce - 1 - i][b[i]];
    bytes.remove_prefix(kAtOnce);
  }
  for (const char c : bytes) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~crc;
}

}  // namespace rampart::controller
