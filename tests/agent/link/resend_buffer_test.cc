#include "agent/link/resend_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace rampart::agent {
namespace {

TEST(ResendBuffer, IsFullOfDeltasOrOfBytesUntilTheyAreAcknowledged) {
  ResendBuffer buffer;
  for (size_t i = 0; i < ResendBuffer::kMaxDeltas; ++i) {
    EXPECT_FALSE(buffer.full());
    EXPECT_EQ(buffer.Add({}).sequence(), i + 1);
  }
  EXPECT_TRUE(buffer.full());
  buffer.Acknowledge(1);
  EXPECT_FALSE(buffer.full());
  buffer.Acknowledge(ResendBuffer::kMaxDeltas);
  EXPECT_TRUE(buffer.deltas().empty());

  v1::Delta large;
  large.add_series()->mutable_trend()->set_buckets(std::string(ResendBuffer::kMaxBytes / 4, 'x'));
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(buffer.full());
    buffer.Add(large);
  }
  EXPECT_TRUE(buffer.full());
  buffer.Acknowledge(ResendBuffer::kMaxDeltas + 1);
  EXPECT_FALSE(buffer.full());
}

}  // namespace
}  // namespace rampart::agent
