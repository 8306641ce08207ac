#include "common/tls/authority.h"

#include <openssl/err.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace rampart {
namespace {

constexpr int kSerialBits = 127;  // positive in 16 bytes
constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxLabelBytes = 63;

absl::Status Failed(const char* what) {
  return absl::InternalError(absl::StrCat("OpenSSL cannot make ", what, ": ", OpenSslError()));
}

bool Sets(X509* certificate, const std::string& common_name, const Validity& validity,
          EVP_PKEY* key) {
  const X509Handle<BIGNUM> serial(BN_new());
  return X509_set_version(certificate, 2) == 1 &&
         BN_rand(serial.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr &&
         ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(validity.from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(validity.until)) != nullptr &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1 &&
         X509_set_pubkey(certificate, key) == 1;
}

// `issuer` is the certificate itself when it is the authority's own.
bool Extends(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const X509Handle<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, what, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool AddText(GENERAL_NAMES* names, int kind, const std::string& text) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name, kind, value);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

bool AddHost(GENERAL_NAMES* names, const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  if (address == nullptr) return AddText(names, GEN_DNS, host);
  GENERAL_NAME* name = GENERAL_NAME_new();
  GENERAL_NAME_set0_value(name, GEN_IPADD, address);
  return sk_GENERAL_NAME_push(names, name) > 0;
}

bool AddNames(X509* certificate, const CertificateRequest& request) {
  const X509Handle<GENERAL_NAMES> names(sk_GENERAL_NAME_new_null());
  bool fine = names != nullptr;
  for (const std::string& host : request.hosts) fine = fine && AddHost(names.get(), host);
  for (const std::string& uri : request.uris) fine = fine && AddText(names.get(), GEN_URI, uri);
  if (!fine || sk_GENERAL_NAME_num(names.get()) == 0) return fine;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) ==
         1;
}

}  // namespace

absl::StatusOr<Authority> Authority::Make(const std::string& common_name,
                                          const Validity& validity) {
  X509Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  X509Handle<X509> made(X509_new());
  X509* certificate = made.get();
  const bool fine =
      key != nullptr && certificate != nullptr &&
      Sets(certificate, common_name, validity, key.get()) &&
      X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
      Extends(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      Extends(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
      Extends(certificate, certificate, NID_subject_key_identifier, "hash") &&
      X509_sign(certificate, key.get(), EVP_sha256()) > 0;
  if (!fine) return Failed("a certificate authority");
  return Authority(std::move(made), std::move(key));
}

absl::StatusOr<CertificateAndKey> Authority::Issue(const CertificateRequest& request) const {
  for (const std::string& host : request.hosts) {
    if (absl::Status status = CheckHost(host); !status.ok()) return status;
  }
  const X509Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const X509Handle<X509> made(X509_new());
  X509* certificate = made.get();
  X509* issuer = certificate_.get();
  const bool fine = key != nullptr && certificate != nullptr &&
                    Sets(certificate, request.common_name, request.validity, key.get()) &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
                    Extends(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
                    Extends(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
                    Extends(certificate, issuer, NID_subject_key_identifier, "hash") &&
                    Extends(certificate, issuer, NID_authority_key_identifier, "keyid:always") &&
                    AddNames(certificate, request) &&
                    X509_sign(certificate, key_.get(), EVP_sha256()) > 0;
  if (!fine) return Failed("a certificate");
  return CertificateAndKey{PemOf(*certificate), PemOf(*key)};
}

absl::Status CheckHost(const std::string& host) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  ERR_clear_error();
  if (address != nullptr) {
    ASN1_OCTET_STRING_free(address);
    return absl::OkStatus();
  }
  const std::string_view name = std::string_view(host).substr(host.starts_with("*.") ? 2 : 0);
  bool fine = !name.empty() && host.size() <= kMaxHostBytes;
  size_t label = 0;    // its length so far
  bool number = true;  // the label is one: the last of an address that is none
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '_';
    fine = fine && (letter || (c == '.' && label > 0));
    number = (number || label == 0) && c >= '0' && c <= '9';
    label = c == '.' ? 0 : label + 1;
    fine = fine && label <= kMaxLabelBytes;
  }
  if (fine && label > 0 && !number) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("`", host, "` is neither an IP address nor a host name"));
}

}  // namespace rampart
