// Feeds: the rows of all feeds of a plan.
#ifndef RAMPART_COMMON_FEED_FEEDS_H_
#define RAMPART_COMMON_FEED_FEEDS_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "common/feed/feed_rows.h"
#include "common/plan/fault.h"
#include "common/plan/plan_files.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// One a process, shared by all its threads; does not change.
class Feeds {
 public:
  // Parses each file once, also where several feeds are of it. What is wrong with one is a fault
  // where the plan names it first, with the line: `feed file users.csv:12: ...`. For use only when
  // nothing is. The feeds are validated ones.
  Feeds(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files, Faults* faults);

  // By the number of the feed in the plan.
  const FeedRows& rows(size_t feed) const { return *rows_[feed]; }

 private:
  std::shared_ptr<const PlanFiles> files_;  // what the rows are in
  std::vector<std::shared_ptr<const FeedRows>> rows_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_FEED_FEEDS_H_
