#include "common/plan/feed_validation.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "common/plan/each_message.h"
#include "common/plan/feed_format.h"
#include "common/script/script.h"

namespace rampart {
namespace {

bool IsVariable(const std::string& name) {
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

}  // namespace

void ValidateFeeds(const v1::Plan& plan, Faults* faults) {
  std::vector<std::string> names;
  for (const v1::Feed& feed : plan.feeds()) {
    names.push_back(feed.name());
    if (FeedFormatOf(feed.file()) == FeedFormat::kUnknown) {
      faults->Add(feed.at(), "feed file " + feed.file() +
                                 ": a feed is a .csv file with a head line, or a .jsonl file");
    }
  }
  ForEachMessage(plan, [&](const google::protobuf::Message& message) {
    const auto* step = dynamic_cast<const v1::Step*>(&message);
    if (step == nullptr || !step->has_take()) return;
    const v1::Take& take = step->take();
    if (std::find(names.begin(), names.end(), take.from()) == names.end()) {
      const std::string near = Nearest(take.from(), names);
      faults->Add(step->at(), "there is no feed `" + take.from() + "`" +
                                  (near.empty() ? ": name it under `feeds`"
                                                : " (did you mean `" + near + "`?)"));
    }
    if (!take.as().empty() && !IsVariable(take.as())) {
      faults->Add(step->at(), "`as` needs the name of a variable, not `" + take.as() + "`");
    }
  });
}

}  // namespace rampart
