#include "common/plan/secrets.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "common/script/json.h"

namespace rampart {
namespace {

constexpr std::string_view kUpperHex = "0123456789ABCDEF";
constexpr std::string_view kLowerHex = "0123456789abcdef";

std::string Percent(std::string_view text, std::string_view kept, bool form, std::string_view hex) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain || kept.find(c) != kept.npos) {
      out.push_back(c);
    } else if (form && c == ' ') {
      out.push_back('+');
    } else {
      out.append({'%', hex[byte >> 4], hex[byte & 15]});
    }
  }
  return out;
}

std::string Json(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out.substr(1, out.size() - 2);
}

// What Base64 makes of `text` behind so many other bytes, whatever they are and whatever follows:
// without the letters at both ends that say something of those as well.
std::string Base64(std::string_view text, size_t before, std::string_view last_two) {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  size_t skip = before == 0 ? 0 : before + 1;
  for (const char c : std::string(before, '\0') + std::string(text)) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      const uint32_t letter = bits >> count & 63;
      if (skip > 0) {
        --skip;
      } else {
        out.push_back(letter < 62 ? kLetters[letter] : last_two[letter - 62]);
      }
    }
  }
  return out;
}

// Where a text has something to hide: from, to.
using Spans = std::vector<std::pair<size_t, size_t>>;

void Find(std::string_view secret, std::string_view text, Spans* found) {
  const std::string_view begin = secret.substr(0, Secrets::kEnough);
  for (size_t at = 0; (at = text.find(begin, at)) != text.npos; ++at) {
    size_t size = begin.size();
    while (size < secret.size() && at + size < text.size() && text[at + size] == secret[size]) {
      ++size;
    }
    found->emplace_back(at, at + size);
  }
}

}  // namespace

Secrets::Secrets(const v1::Plan& plan,
                 const google::protobuf::RepeatedPtrField<v1::Secret>& given) {
  for (const v1::Param& param : plan.params()) {
    if (param.secret()) Add(param.value());
  }
  for (const v1::Secret& secret : given) Add(secret.value());
}

void Secrets::Add(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kInteger:
      return Add(std::to_string(value.integer()));
    case v1::Value::kNumber: {
      char digits[32];
      std::snprintf(digits, sizeof(digits), "%.14g", value.number());  // as Lua writes it
      return Add(digits);
    }
    case v1::Value::kString:
      return Add(value.string());
    case v1::Value::kList:
      for (const v1::Value& item : value.list().items()) Add(item);
      return;
    case v1::Value::kObject:
      for (const auto& member : value.object().members()) Add(member.value());
      return;
    default:
      return;
  }
}

void Secrets::Add(std::string_view text) {
  if (text.size() < kShortest) return;
  std::vector<std::string> forms = {std::string(text),
                                    Percent(text, "-._~", false, kUpperHex),
                                    Percent(text, "-._~", false, kLowerHex),
                                    Percent(text, "-._*", true, kUpperHex),
                                    Percent(text, "-._*", true, kLowerHex),
                                    Json(text)};
  for (const size_t before : {size_t{0}, size_t{1}, size_t{2}}) {
    for (const char* last_two : {"+/", "-_"}) forms.push_back(Base64(text, before, last_two));
  }
  for (std::string& form : forms) {
    if (form.size() < kShortest) continue;
    if (std::find(texts_.begin(), texts_.end(), form) != texts_.end()) continue;
    texts_.push_back(std::move(form));
  }
}

std::string Secrets::Conceal(std::string text) const {
  Spans found;
  for (const std::string& secret : texts_) Find(secret, text, &found);
  if (found.empty()) return text;
  std::sort(found.begin(), found.end());
  std::string out;
  size_t shown_to = 0;
  size_t hidden_to = 0;
  for (const auto& [from, to] : found) {
    if (from >= hidden_to) {
      out.append(text, shown_to, from - shown_to).append(kShown);
    }
    hidden_to = std::max(hidden_to, to);
    shown_to = hidden_to;
  }
  return out.append(text, shown_to, text.npos);
}

void Secrets::Conceal(std::vector<std::string>* texts) const {
  for (std::string& text : *texts) text = Conceal(std::move(text));
}

void Secrets::Conceal(v1::Plan* plan) const {
  ConcealStrings(plan);
  for (v1::Param& param : *plan->mutable_params()) {
    if (param.secret()) param.mutable_value()->set_string(std::string(kShown));
  }
}

void Secrets::ConcealStrings(google::protobuf::Message* message) const {
  using google::protobuf::FieldDescriptor;
  const auto* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
    if (!text && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const int count = field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (!field->is_repeated()) {
        if (text) {
          reflection->SetString(message, field, Conceal(reflection->GetString(*message, field)));
        } else {
          ConcealStrings(reflection->MutableMessage(message, field));
        }
      } else if (text) {
        reflection->SetRepeatedString(message, field, i,
                                      Conceal(reflection->GetRepeatedString(*message, field, i)));
      } else {
        ConcealStrings(reflection->MutableRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace rampart
