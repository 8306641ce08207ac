// Secrets: keeps secret values out of everything that is printed.
#ifndef RAMPART_COMMON_PLAN_SECRETS_H_
#define RAMPART_COMMON_PLAN_SECRETS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "google/protobuf/repeated_field.h"
#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Immutable. Knows the values of the params that say `secret: true`, of lists and maps their parts,
// and those that --secret gave. A plan may put them anywhere, and targets send back what they were
// sent: so texts are searched for them, as they are and as URLs, forms, JSON and Base64 have them.
// A value shorter than kShortest is too common to be searched for; as a param it is hidden all the
// same.
class Secrets {
 public:
  static constexpr size_t kShortest = 4;
  // Texts are cut: so many bytes of a secret's begin are concealed also where the rest is missing.
  static constexpr size_t kEnough = 12;
  static constexpr std::string_view kShown = "***";

  Secrets() = default;  // there are none
  explicit Secrets(const v1::Plan& plan,
                   const google::protobuf::RepeatedPtrField<v1::Secret>& given = {});

  // `text` with kShown in place of each secret.
  std::string Conceal(std::string text) const;
  void Conceal(std::vector<std::string>* texts) const;
  // The plan for printing: never to be run.
  void Conceal(v1::Plan* plan) const;

  bool empty() const { return texts_.empty(); }

 private:
  void Add(const v1::Value& value);
  void Add(std::string_view text);
  void ConcealStrings(google::protobuf::Message* message) const;

  std::vector<std::string> texts_;  // each once
};

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_SECRETS_H_
