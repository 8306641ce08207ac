// ForSeeds: many worlds, each from its seed. A seed that fails is printed; RAMPART_SEED=n runs that
// one only.
#ifndef RAMPART_TESTS_SIMULATION_SEEDS_H_
#define RAMPART_TESTS_SIMULATION_SEEDS_H_

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace rampart::simulation {

inline void ForSeeds(uint64_t count,
                     const std::function<void(uint64_t seed, std::mt19937_64&)>& check) {
  const char* only = std::getenv("RAMPART_SEED");
  const uint64_t first = only == nullptr ? 1 : std::strtoull(only, nullptr, 10);
  const uint64_t last = only == nullptr ? count : first;
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("replay with RAMPART_SEED=" + std::to_string(seed));
    std::mt19937_64 random(seed);
    check(seed, random);
  }
}

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_SEEDS_H_
