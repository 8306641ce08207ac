// The bytes that generated content is made of.
#ifndef RAMPART_AGENT_PROTOCOL_CONTENT_BLOCK_H_
#define RAMPART_AGENT_PROTOCOL_CONTENT_BLOCK_H_

#include <cstddef>
#include <string_view>

namespace rampart::agent {

inline constexpr size_t kContentBlockBytes = size_t{1} << 20;

// One a process, the same in all of them, and it does not compress. Any thread.
std::string_view ContentBlock();

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_CONTENT_BLOCK_H_
