#include "controller/fleet/refusals.h"

#include "absl/strings/str_cat.h"

namespace rampart::controller {

std::string HandshakeFault(std::string_view openssl, const std::string& ca) {
  const auto says = [&](std::string_view words) {
    return openssl.find(words) != std::string_view::npos;
  };
  if (says("did not return a certificate")) {
    return "it showed no certificate: agents are started with --tls DIR";
  }
  if (says("certificate verify failed")) {
    return absl::StrCat("its certificate is not signed by the CA in ", ca, ", or not valid now");
  }
  if (says("wrong version number") || says("http request") || says("unknown protocol")) {
    return "it does not speak TLS: agents are started with --tls DIR";
  }
  if (says("alert unknown ca") || says("alert bad certificate") ||
      says("alert certificate expired")) {
    return "it does not accept this controller's certificate";
  }
  return absl::StrCat("the TLS handshake failed: ", std::string(openssl));
}

std::optional<std::string> Refusals::Heard(const std::string& why, int64_t now_ns) {
  const bool known = reasons_.contains(why) || reasons_.size() < kMaxReasons;
  const std::string& reason = known ? why : "for another reason";
  const auto [found, first] = reasons_.try_emplace(reason, Reason{now_ns});
  if (first) return reason;
  Reason& heard = found->second;
  ++heard.unsaid;
  if (now_ns - heard.said_ns < kAgainNs) return std::nullopt;
  const std::string words =
      heard.unsaid == 1 ? reason : absl::StrCat(reason, " (", heard.unsaid, " times since)");
  heard = {now_ns};
  return words;
}

}  // namespace rampart::controller
