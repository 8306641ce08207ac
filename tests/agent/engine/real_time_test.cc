#include "agent/engine/real_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>

#include <string>
#include <thread>

namespace rampart::agent {
namespace {

TEST(RealTime, TheThreadGoesFirstOrAPersonIsToldWhatIsMissing) {
  std::thread([] {
    const absl::Status status = RunInRealTime();
    int policy = 0;
    sched_param parameters;
    ASSERT_EQ(pthread_getschedparam(pthread_self(), &policy, &parameters), 0);
    if (status.ok()) {
      EXPECT_EQ(policy, SCHED_FIFO);
    } else {
      EXPECT_EQ(policy, SCHED_OTHER);
      EXPECT_THAT(std::string(status.message()), testing::HasSubstr("CAP_SYS_NICE"));
    }
  }).join();
}

}  // namespace
}  // namespace rampart::agent
