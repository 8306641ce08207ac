#include "common/tls/stream_identity.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace rampart {
namespace {

constexpr const char* kMakeSome = "`controller certs init` makes some for a start";

absl::StatusOr<std::string> Read(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (file) return text.str();
  return absl::NotFoundError(absl::StrCat(
      path, ": ", errno == 0 ? "cannot be read" : std::strerror(errno), "; ", kMakeSome));
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm broken = {};
  if (ASN1_TIME_to_tm(time, &broken) != 1) return "a time that cannot be read";
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromTM(broken, absl::UTCTimeZone()),
                          absl::UTCTimeZone());
}

absl::Status CheckChain(const StreamIdentity& identity, absl::Time now) {
  const std::vector<X509Handle<X509>> chain = CertificatesOf(identity.certificate_pem);
  const std::vector<X509Handle<X509>> trusted = CertificatesOf(identity.ca_pem);
  const X509Handle<X509_STORE> store(X509_STORE_new());
  for (const X509Handle<X509>& ca : trusted) X509_STORE_add_cert(store.get(), ca.get());
  STACK_OF(X509)* rest = sk_X509_new_null();
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(rest, chain[i].get());
  const X509Handle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain[0].get(), rest);
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), absl::ToTimeT(now));
  const bool fine = X509_verify_cert(context.get()) == 1;
  const int code = X509_STORE_CTX_get_error(context.get());
  const X509* at_fault = X509_STORE_CTX_get_current_cert(context.get());
  if (at_fault == nullptr) at_fault = chain[0].get();
  std::string fault;
  if (!fine) {
    const bool of_ca = X509_STORE_CTX_get_error_depth(context.get()) > 0;
    fault = absl::StrCat(of_ca ? "the CA of " : "", identity.files.certificate, ": ",
                         "the certificate ", VerifyFault(code, *at_fault, identity.files.ca, ""));
  }
  sk_X509_free(rest);
  ERR_clear_error();
  return fine ? absl::OkStatus() : absl::InvalidArgumentError(fault);
}

}  // namespace

std::string RoleUri(StreamRole role) {
  return role == StreamRole::kController ? "rampart://controller" : "rampart://agent";
}

std::string RoleName(StreamRole role) {
  return role == StreamRole::kController ? "controller" : "agent";
}

std::string DefaultCertificateFolder() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  if (config != nullptr && *config != '\0') return absl::StrCat(config, "/rampart/certs");
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home != '\0') return absl::StrCat(home, "/.config/rampart/certs");
  return "";
}

TlsFiles FilesIn(const std::string& folder, StreamRole role) {
  const std::string base = absl::StrCat(folder, folder.ends_with('/') ? "" : "/");
  return {.ca = base + "ca.pem",
          .certificate = base + RoleName(role) + ".pem",
          .key = base + RoleName(role) + "-key.pem"};
}

absl::StatusOr<std::optional<TlsFiles>> FilesOf(const TlsFlags& flags, StreamRole role) {
  TlsFiles files;
  if (flags.folder) {
    const std::string folder = flags.folder->empty() ? DefaultCertificateFolder() : *flags.folder;
    if (folder.empty()) {
      return absl::InvalidArgumentError(
          "--tls: neither XDG_CONFIG_HOME nor HOME is set: say which folder");
    }
    files = FilesIn(folder, role);
  }
  const auto set = [](const std::string& given, std::string* file) {
    if (!given.empty()) *file = given;
  };
  set(flags.files.ca, &files.ca);
  set(flags.files.certificate, &files.certificate);
  set(flags.files.key, &files.key);
  std::vector<std::string> missing;
  if (files.ca.empty()) missing.emplace_back("--tls-ca");
  if (files.certificate.empty()) missing.emplace_back("--tls-cert");
  if (files.key.empty()) missing.emplace_back("--tls-key");
  if (missing.size() == 3) return std::optional<TlsFiles>();
  if (missing.empty()) return std::optional<TlsFiles>(std::move(files));
  return absl::InvalidArgumentError(absl::StrCat(
      "TLS on the stream takes a CA, a certificate and its key: ", absl::StrJoin(missing, " and "),
      " FILE is missing (or --tls DIR)"));
}

absl::StatusOr<StreamIdentity> ReadStreamIdentity(const TlsFiles& files, StreamRole role,
                                                  absl::Time now) {
  StreamIdentity identity;
  identity.files = files;
  const std::pair<const std::string&, std::string&> texts[] = {
      {files.ca, identity.ca_pem},
      {files.certificate, identity.certificate_pem},
      {files.key, identity.key_pem}};
  for (const auto& [path, text] : texts) {
    absl::StatusOr<std::string> read = Read(path);
    if (!read.ok()) return read.status();
    text = *std::move(read);
  }
  if (CertificatesOf(identity.ca_pem).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.ca, ": there is no PEM certificate in it"));
  }
  const std::vector<X509Handle<X509>> chain = CertificatesOf(identity.certificate_pem);
  if (chain.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.certificate, ": there is no PEM certificate in it"));
  }
  const X509Handle<EVP_PKEY> key = KeyOf(identity.key_pem);
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.key, ": there is no PEM key without a passphrase in it"));
  }
  const bool fits = X509_check_private_key(chain[0].get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.key, ": it is not the key of ", files.certificate));
  }
  if (absl::Status status = CheckChain(identity, now); !status.ok()) return status;
  const std::vector<std::string> uris = NamesOf(*chain[0], GEN_URI);
  for (const std::string& uri : uris) {
    if (uri == RoleUri(role)) return identity;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(files.certificate, ": the certificate is not for the role ", RoleName(role),
                   ": ", RoleUri(role), " has to be among its names (URI)",
                   uris.empty() ? "" : ", and there is only ", absl::StrJoin(uris, ", ")));
}

std::vector<std::string> NamesOf(const X509& certificate, int kind) {
  std::vector<std::string> found;
  const X509Handle<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != kind) continue;
    const ASN1_STRING* value = kind == GEN_IPADD
                                   ? static_cast<const ASN1_STRING*>(name->d.iPAddress)
                                   : static_cast<const ASN1_STRING*>(name->d.ia5);
    const unsigned char* data = ASN1_STRING_get0_data(value);
    const auto size = static_cast<size_t>(ASN1_STRING_length(value));
    if (kind != GEN_IPADD) {
      found.emplace_back(reinterpret_cast<const char*>(data), size);
      continue;
    }
    char text[INET6_ADDRSTRLEN];
    if (size != 4 && size != 16) continue;
    if (inet_ntop(size == 4 ? AF_INET : AF_INET6, data, text, sizeof(text)) != nullptr) {
      found.emplace_back(text);
    }
  }
  return found;
}

std::string VerifyFault(long code, const X509& certificate, const std::string& ca,
                        const std::string& host) {
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::StrCat("has expired, on ", TimeText(X509_get0_notAfter(&certificate)),
                          " (or this machine's clock is wrong)");
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::StrCat("is not valid before ", TimeText(X509_get0_notBefore(&certificate)),
                          " (or this machine's clock is wrong)");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return absl::StrCat("is not signed by the CA in ", ca);
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      std::vector<std::string> names = NamesOf(certificate, GEN_DNS);
      for (std::string& address : NamesOf(certificate, GEN_IPADD)) names.push_back(address);
      return absl::StrCat("is not for ", host,
                          names.empty() ? ", nor for any other host" : ", but for ",
                          absl::StrJoin(names, ", "));
    }
    default:
      return absl::StrCat("is not accepted: ", X509_verify_cert_error_string(code));
  }
}

}  // namespace rampart
