#include "controller/fleet/machine.h"

#include <unistd.h>

#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

TEST(Machine, ProcessesAreToldApart) {
  EXPECT_FALSE(BootId().empty());
  EXPECT_GT(ProcessStart(getpid()), 0u);
  EXPECT_EQ(ProcessStart(getpid()), ProcessStart(getpid()));
  EXPECT_EQ(ProcessStart(-5), 0u);
}

}  // namespace
}  // namespace rampart::controller
