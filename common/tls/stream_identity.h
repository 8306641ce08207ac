// StreamIdentity: what one end of the stream between controller and agents shows, and whom it
// trusts.
#ifndef RAMPART_COMMON_TLS_STREAM_IDENTITY_H_
#define RAMPART_COMMON_TLS_STREAM_IDENTITY_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/tls/x509.h"

namespace rampart {

// A certificate of the stream says in a URI among its names what its owner may be. Why so:
// docs/decisions/0013.
enum class StreamRole { kController, kAgent };
std::string RoleUri(StreamRole role);   // `rampart://controller`
std::string RoleName(StreamRole role);  // `controller`; also its files' name

// Files of PEM.
struct TlsFiles {
  std::string ca = {};
  std::string certificate = {};  // with its chain, if it has one
  std::string key = {};
};

// What the command line of either program says of TLS.
struct TlsFlags {
  std::optional<std::string> folder = {};  // empty: the default one
  TlsFiles files = {};                     // each instead of that in the folder
};

// $XDG_CONFIG_HOME/rampart/certs, or ~/.config/rampart/certs; empty when there is neither.
std::string DefaultCertificateFolder();
TlsFiles FilesIn(const std::string& folder, StreamRole role);
// Nothing when no flag was given. Fails when only some of the files are known, and says which flag
// is missing.
absl::StatusOr<std::optional<TlsFiles>> FilesOf(const TlsFlags& flags, StreamRole role);

struct StreamIdentity {
  TlsFiles files;  // for messages
  std::string ca_pem;
  std::string certificate_pem;
  std::string key_pem;
};

// Fails with words for whatever the other end, or gRPC without words, would refuse at `now`: a file
// that is not there or holds something else, a key of another certificate, a certificate of another
// CA, out of its time, or of another role.
absl::StatusOr<StreamIdentity> ReadStreamIdentity(const TlsFiles& files, StreamRole role,
                                                  absl::Time now);

// Of the names of a certificate, `kind` being GEN_URI, GEN_DNS or GEN_IPADD.
std::vector<std::string> NamesOf(const X509& certificate, int kind);
// For people, of OpenSSL's verdict `code` on `certificate`: `has expired, on 2026-11-28 07:00 UTC`.
// `ca` is the file that was trusted, `host` the name that was asked for.
std::string VerifyFault(long code, const X509& certificate, const std::string& ca,
                        const std::string& host);

}  // namespace rampart

#endif  // RAMPART_COMMON_TLS_STREAM_IDENTITY_H_
