// Secrets: keeps the values of secret params out of everything that is printed.
#ifndef RAMPART_COMMON_PLAN_SECRETS_H_
#define RAMPART_COMMON_PLAN_SECRETS_H_

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/message.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// Immutable. Knows the values of the params that say `secret: true`, of lists and maps their parts.
// A plan may put them anywhere, and targets send back what they were sent: so texts are searched
// for them. A value shorter than kShortest is too common to be searched for; as a param it is
// hidden all the same.
class Secrets {
 public:
  static constexpr size_t kShortest = 4;
  static constexpr std::string_view kShown = "***";

  explicit Secrets(const v1::Plan& plan);

  // `text` with kShown in place of each secret.
  std::string Conceal(std::string text) const;
  void Conceal(std::vector<std::string>* texts) const;
  // The plan for printing: never to be run.
  void Conceal(v1::Plan* plan) const;

 private:
  void Add(const v1::Value& value);
  void ConcealStrings(google::protobuf::Message* message) const;

  std::vector<std::string> texts_;  // the longest first: one may be a part of another
};

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_SECRETS_H_
