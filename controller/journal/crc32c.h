// Crc32c: the check of what the journal holds (Castagnoli, RFC 3720).
#ifndef RAMPART_CONTROLLER_JOURNAL_CRC32C_H_
#define RAMPART_CONTROLLER_JOURNAL_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace rampart::controller {

// Of what `crc` is of, with `bytes` after it; 0 is of nothing.
uint32_t Crc32c(std::string_view bytes, uint32_t crc = 0);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_JOURNAL_CRC32C_H_
