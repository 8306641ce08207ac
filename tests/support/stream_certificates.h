// Certificates for tests of TLS between controller and agents, made on the spot.
#ifndef RAMPART_TESTS_SUPPORT_STREAM_CERTIFICATES_H_
#define RAMPART_TESTS_SUPPORT_STREAM_CERTIFICATES_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/tls/authority.h"
#include "common/tls/stream_identity.h"

namespace rampart {

// A CA and what it signs.
struct TestAuthority {
  explicit TestAuthority(std::string file = "ca.pem") : ca_file(std::move(file)) {}

  static Validity FromNow(absl::Duration from, absl::Duration until) {
    return {absl::Now() + from, absl::Now() + until};
  }
  static Validity Now() { return FromNow(-absl::Hours(1), absl::Hours(1)); }
  static Validity Past() { return FromNow(-absl::Hours(2), -absl::Hours(1)); }
  static Validity Future() { return FromNow(absl::Hours(1), absl::Hours(2)); }

  CertificateAndKey Issue(std::vector<std::string> uris, const Validity& validity = Now(),
                          std::vector<std::string> hosts = {"localhost", "127.0.0.1",
                                                            "::1"}) const {
    auto issued = authority.Issue({.common_name = "test",
                                   .uris = std::move(uris),
                                   .hosts = std::move(hosts),
                                   .validity = validity});
    EXPECT_TRUE(issued.ok()) << issued.status();
    return issued.ok() ? *std::move(issued) : CertificateAndKey{};
  }
  CertificateAndKey Issue(StreamRole role, const Validity& validity = Now()) const {
    return Issue({RoleUri(role)}, validity);
  }
  // What shows `shown` and trusts this CA. Not checked: the other end has to.
  StreamIdentity Identity(CertificateAndKey shown) const {
    return {.files = {.ca = ca_file, .certificate = "mine.pem", .key = "mine-key.pem"},
            .ca_pem = authority.Pem().certificate_pem,
            .certificate_pem = std::move(shown.certificate_pem),
            .key_pem = std::move(shown.key_pem)};
  }
  StreamIdentity Identity(StreamRole role, const Validity& validity = Now()) const {
    return Identity(Issue(role, validity));
  }

  std::string ca_file;
  Authority authority =
      Authority::Make("Test CA", FromNow(-absl::Hours(3), absl::Hours(3))).value();
};

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_STREAM_CERTIFICATES_H_
