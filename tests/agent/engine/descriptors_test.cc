#include "agent/engine/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace rampart::agent {
namespace {

TEST(Descriptors, TheLimitIsRaisedAndTheKernelsTableIsLargeBeforeItIsNeeded) {
  const uint64_t limit = RaiseDescriptorLimit();
  rlimit now;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(limit, now.rlim_max);
  std::ifstream status("/proc/self/status");
  uint64_t table = 0;
  for (std::string word; status >> word;) {
    if (word == "FDSize:") status >> table;
  }
  EXPECT_GE(table, std::min<uint64_t>(limit, 100'000));
}

}  // namespace
}  // namespace rampart::agent
