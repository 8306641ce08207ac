// The `take` step.
#include <string>
#include <string_view>
#include <vector>

#include "agent/user/walk/feed_cursors.h"
#include "agent/user/walk/walker.h"

namespace rampart::agent {

Flow Walker::Take(const TakeStep& step, const Step& at) {
  const std::optional<size_t> row = context_.feeds->Next(step, context_.script);
  if (!row) return OutOfRows(step, at);
  const FeedRows& rows = context_.feeds->rows(step);
  absl::Status status;
  if (rows.format() == FeedFormat::kCsv) {
    std::vector<std::string_view> fields;
    std::string scratch;
    rows.Fields(*row, &fields, &scratch);
    status = context_.script.SetTexts(user_.environment, step.as, rows.columns(), fields);
  } else {
    status = context_.script.SetJson(user_.environment, step.as, rows.Json(*row));
  }
  return status.ok() ? Flow::kNext : ScriptError(status, at.label, at.at);
}

Flow Walker::OutOfRows(const TakeStep& step, const Step& at) {
  const v1::Feed& feed = context_.feeds->feed(step);
  // Others may have rows left that are theirs.
  std::string why = "no row of feed " + feed.name() + " is left here: " + feed.file() + " has " +
                    std::to_string(context_.feeds->rows(step).size());
  out_of_rows_ = true;
  // A user that asks again and again is one finding.
  failure_ = absl::AbortedError(why);
  if (!user_.out_of_rows) Error({ErrorKind::kFeed, std::move(why)}, at.label, at.at);
  user_.out_of_rows = true;
  return Flow::kEnd;
}

}  // namespace rampart::agent
