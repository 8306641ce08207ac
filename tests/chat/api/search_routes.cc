// Search over HTTP.
#include <boost/json.hpp>
#include <chrono>
#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/chat/api/posting.h"
#include "tests/chat/api/routes.h"

namespace rampart::chat {
namespace {

constexpr int64_t kMaxLimit = 200;
constexpr size_t kMaxSuggestions = 10;
constexpr size_t kMaxBulk = 10'000;

int64_t MicrosSince(std::chrono::steady_clock::time_point begin) {
  const auto passed = std::chrono::steady_clock::now() - begin;
  return std::chrono::duration_cast<std::chrono::microseconds>(passed).count();
}

absl::StatusOr<SearchQuery> SearchQueryFrom(const Query& query) {
  SearchQuery search;
  const std::optional<std::string> text = query.Get("q");
  if (!text.has_value()) return absl::InvalidArgumentError("q is missing");
  search.text = *text;
  search.type = query.Get("type").value_or("");
  const std::string sort = query.Get("sort").value_or("date");
  if (sort != "date" && sort != "relevance") {
    return absl::InvalidArgumentError("sort must be date or relevance");
  }
  search.sort = sort == "date" ? SortBy::kDate : SortBy::kRelevance;
  struct Number {
    const char* name;
    int64_t* value;
    int64_t least;
    int64_t most;
  };
  const Number numbers[] = {
      {"channel_id", &search.channel_id, 1, std::numeric_limits<int64_t>::max()},
      {"user_id", &search.user_id, 1, std::numeric_limits<int64_t>::max()},
      {"limit", &search.limit, 1, kMaxLimit},
      {"offset", &search.offset, 0, SearchIndex::kMaxOffset}};
  for (const Number& number : numbers) {
    absl::StatusOr<int64_t> value =
        query.GetNumber(number.name, *number.value, number.least, number.most);
    if (!value.ok()) return value.status();
    *number.value = *value;
  }
  for (const bool is_end : {false, true}) {
    const std::optional<std::string> time = query.Get(is_end ? "to" : "from");
    if (!time.has_value()) continue;
    absl::StatusOr<int64_t> ms = ParseTimeMs(*time, is_end);
    if (!ms.ok()) return ms.status();
    (is_end ? search.to_ms : search.from_ms) = *ms;
  }
  return search;
}

absl::StatusOr<Message> BulkMessage(const boost::json::value& value, int64_t user_id) {
  if (!value.is_object()) return absl::InvalidArgumentError("must be an object");
  const boost::json::object& object = value.get_object();
  absl::StatusOr<Message> message =
      MessageFrom(object, IdOf(object.if_contains("user_id")).value_or(user_id));
  if (!message.ok()) return message;
  if (const boost::json::value* created = object.if_contains("created_at"); created != nullptr) {
    const std::optional<int64_t> number = IdOf(created);
    absl::StatusOr<int64_t> ms =
        number.has_value()
            ? *number
            : ParseTimeMs(StringOf(object, "created_at").value_or(""), /*end_of_day=*/false);
    if (!ms.ok()) return ms.status();
    message->created_ms = *ms;
  }
  return message;
}

}  // namespace

Reply SearchMessages(App& app, const Call& call) {
  absl::StatusOr<SearchQuery> query = SearchQueryFrom(Query(call.query));
  if (!query.ok()) return StatusReply(query.status());
  absl::StatusOr<SearchResult> found = app.store.Lock()->search.Search(*query);
  if (!found.ok()) return StatusReply(found.status());
  boost::json::array results;
  for (const Message& message : found->messages) results.push_back(MessageJson(message));
  return JsonReply(200, {{"results", std::move(results)}, {"total", found->total}});
}

Reply SuggestWords(App& app, const Call& call) {
  const std::optional<std::string> prefix = Query(call.query).Get("q");
  if (!prefix.has_value() || prefix->empty()) return ErrorReply(400, "q is missing");
  boost::json::array suggestions;
  for (const std::string& word : app.store.Lock()->search.Suggest(*prefix, kMaxSuggestions)) {
    suggestions.emplace_back(word);
  }
  return JsonReply(200, {{"suggestions", std::move(suggestions)}});
}

Reply ShowSearchStats(App& app, const Call&) {
  Store::Access tables = app.store.Lock();
  return JsonReply(200, {{"messages", tables->search.messages()},
                         {"words", static_cast<int64_t>(tables->search.words())}});
}

Reply IndexBulk(App& app, const Call& call) {
  const auto begin = std::chrono::steady_clock::now();
  absl::StatusOr<boost::json::object> body = BodyObject(call);
  if (!body.ok()) return StatusReply(body.status());
  const boost::json::value* list = body->if_contains("messages");
  if (list == nullptr || !list->is_array()) return ErrorReply(400, "messages must be a list");
  const boost::json::array& items = list->get_array();
  if (items.size() > kMaxBulk) return ErrorReply(413, "messages holds over 10,000");
  std::vector<Message> messages;
  messages.reserve(items.size());
  for (const boost::json::value& item : items) {
    absl::StatusOr<Message> message = BulkMessage(item, call.user->id);
    if (!message.ok()) {
      return ErrorReply(
          400, absl::StrCat("messages[", messages.size(), "]: ", message.status().message()));
    }
    messages.push_back(*std::move(message));
  }
  absl::Status status = app.store.Lock()->AddMessages(messages);
  if (!status.ok()) return StatusReply(status);
  app.counters.messages_stored += messages.size();
  return JsonReply(200, {{"indexed", messages.size()},
                         {"took_ms", static_cast<double>(MicrosSince(begin)) / 1000}});
}

}  // namespace rampart::chat
