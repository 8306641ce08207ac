#include "controller/run/merge/error_table.h"

#include <gtest/gtest.h>

#include <string>

namespace rampart::controller {
namespace {

v1::ErrorCount Error(const std::string& kind, const std::string& detail, uint64_t count,
                     int64_t first_ns = 0, int64_t last_ns = 0, uint32_t line = 0) {
  v1::ErrorCount error;
  error.set_kind(kind);
  error.set_detail(detail);
  error.set_step("send");
  error.set_count(count);
  error.set_first_ns(first_ns);
  error.set_last_ns(last_ns);
  error.mutable_at()->set_line(line);
  error.mutable_at()->set_column(3);
  return error;
}

TEST(ErrorTable, EqualErrorsAreOneEntryAndTheMostFrequentIsFirst) {
  ErrorTable table;
  table.Add(Error("timeout", "60 s", 2, 50, 60, 9));
  table.Add(Error("connection_refused", "10.0.0.1", 5, 1, 2, 4));
  table.Add(Error("timeout", "60 s", 4, 40, 45, 8));
  const auto entries = table.Entries();
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].kind, "timeout");
  EXPECT_EQ(entries[0].count, 6);
  EXPECT_EQ(entries[0].first_ns, 40);
  EXPECT_EQ(entries[0].last_ns, 60);
  EXPECT_EQ(entries[0].at.line(), 8);
  EXPECT_EQ(entries[1].count, 5);
  EXPECT_EQ(table.total(), 11);
}

TEST(ErrorTable, ScriptErrorsAreTalliedWithTheirFirstPlace) {
  ErrorTable table;
  EXPECT_EQ(table.script().count, 0);
  table.Add(Error("script", "nil", 2, 0, 0, 30));
  table.Add(Error("script", "number", 1, 5, 5, 12));
  table.Add(Error("script", "no place", 1));
  table.Add(Error("plan", "fail step", 7, 0, 0, 1));
  EXPECT_EQ(table.script().count, 4);
  EXPECT_EQ(table.script().at.line(), 12);
}

TEST(ErrorTable, IsBoundedAndCountsEveryError) {
  ErrorTable table;
  uint64_t sent = 0;
  for (int i = 0; i < 3'000; ++i) {
    table.Add(Error("timeout", std::to_string(i), 1));
    table.Add(Error("kind " + std::to_string(i), std::string(10'000, 'x'), 2));
    sent += 3;
  }
  table.Add(Error("script", "late", 1, 0, 0, 5));
  const auto entries = table.Entries();
  EXPECT_LE(entries.size(), ErrorTable::kMaxEntries + ErrorTable::kMaxFolded + 1);
  uint64_t counted = 0;
  for (const ErrorEntry& entry : entries) {
    counted += entry.count;
    EXPECT_LE(entry.detail.size(), ErrorTable::kMaxTextBytes);
  }
  EXPECT_EQ(counted, sent + 1);
  EXPECT_EQ(table.total(), sent + 1);
  EXPECT_EQ(table.script().count, 1);  // found also when it has no entry of its own
}

}  // namespace
}  // namespace rampart::controller
