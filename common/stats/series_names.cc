#include "common/stats/series_names.h"

#include <string_view>
#include <utility>

namespace rampart {
namespace {

// With its length, so that nothing in a text can look like the next one.
void AppendText(std::string_view text, std::string* out) {
  out->append(std::to_string(text.size())).append(":").append(text);
}

}  // namespace

const SeriesNames::Name* SeriesNames::Find(const v1::SeriesName& name) {
  bytes_ = std::to_string(name.kind()) + "," + std::to_string(name.merge()) + ",";
  AppendText(name.metric(), &bytes_);
  for (const v1::Tag& tag : name.tags()) {
    AppendText(tag.key(), &bytes_);
    AppendText(tag.value(), &bytes_);
  }
  const auto [found, made] = by_bytes_.try_emplace(bytes_, nullptr);
  if (made) {
    Tags tags;
    for (const v1::Tag& tag : name.tags()) tags.emplace_back(tag.key(), tag.value());
    names_.push_back({names_.size(),
                      {name.metric(), name.kind(), "", name.merge(), false, ""},
                      std::move(tags)});
    found->second = &names_.back();
  }
  return found->second;
}

}  // namespace rampart
