// Authority: a certificate authority for development and tests.
#ifndef RAMPART_COMMON_TLS_AUTHORITY_H_
#define RAMPART_COMMON_TLS_AUTHORITY_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tls/x509.h"

namespace rampart {

struct Validity {
  absl::Time from;
  absl::Time until;
};

struct CertificateAndKey {
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateRequest {
  std::string common_name;         // for people
  std::vector<std::string> uris;   // see RoleUri
  std::vector<std::string> hosts;  // names and addresses
  Validity validity;
};

// ECDSA on P-256 throughout, and random serial numbers. It signs no other authority.
class Authority {
 public:
  static absl::StatusOr<Authority> Make(const std::string& common_name, const Validity& validity);

  absl::StatusOr<CertificateAndKey> Issue(const CertificateRequest& request) const;
  CertificateAndKey Pem() const { return {PemOf(*certificate_), PemOf(*key_)}; }

 private:
  Authority(X509Handle<X509> certificate, X509Handle<EVP_PKEY> key)
      : certificate_(std::move(certificate)), key_(std::move(key)) {}

  X509Handle<X509> certificate_;
  X509Handle<EVP_PKEY> key_;
};

// An IP address, or a name as DNS has them; `*.` may stand before it.
absl::Status CheckHost(const std::string& host);

}  // namespace rampart

#endif  // RAMPART_COMMON_TLS_AUTHORITY_H_
