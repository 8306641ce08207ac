// Whether an operation fits the schema.
#ifndef RAMPART_TESTS_CHAT_GRAPHQL_VALIDATION_H_
#define RAMPART_TESTS_CHAT_GRAPHQL_VALIDATION_H_

#include <vector>

#include "tests/chat/graphql/document.h"
#include "tests/chat/graphql/schema.h"

namespace rampart::chat::graphql {

inline constexpr size_t kMaxRootFields = 20;  // of an operation: each is work for the server
inline constexpr size_t kMaxFaults = 10;      // that are reported

// All that is wrong with it, in the order of its text; empty: it can be executed.
std::vector<Fault> Validate(const Operation& operation);

// The type of its fields.
const ObjectType& RootOf(const Operation& operation);

}  // namespace rampart::chat::graphql

#endif  // RAMPART_TESTS_CHAT_GRAPHQL_VALIDATION_H_
