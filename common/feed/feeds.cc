#include "common/feed/feeds.h"

#include <map>
#include <string>
#include <utility>

namespace rampart {

Feeds::Feeds(const v1::Plan& plan, std::shared_ptr<const PlanFiles> files, Faults* faults)
    : files_(std::move(files)) {
  std::map<std::string, std::shared_ptr<const FeedRows>> parsed;
  for (const v1::Feed& feed : plan.feeds()) {
    std::shared_ptr<const FeedRows>& rows = parsed[feed.file()];
    if (rows == nullptr) {
      const std::string* content = files_->Find(feed.file());
      if (content == nullptr) {
        faults->Add(feed.at(), "feed file " + feed.file() + " did not come with the plan");
        continue;
      }
      std::vector<FeedFault> found;
      rows = std::make_shared<const FeedRows>(FeedFormatOf(feed.file()), *content, &found);
      for (const FeedFault& fault : found) {
        faults->Add(feed.at(), "feed file " + feed.file() + ":" + std::to_string(fault.line) +
                                   ": " + fault.message);
      }
    }
    rows_.push_back(rows);
  }
}

}  // namespace rampart
