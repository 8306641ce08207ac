// A certificate for tests of TLS, made on the spot.
#ifndef RAMPART_TESTS_SUPPORT_CERTIFICATE_H_
#define RAMPART_TESTS_SUPPORT_CERTIFICATE_H_

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace rampart {

// A self-signed certificate for `name` (as a subject alternative name, `IP:...` or `DNS:...`) and
// its key. `file` holds it as PEM while this lives.
struct Certificate {
  explicit Certificate(const char* name, long valid_seconds = 3600) : key(EVP_EC_gen("P-256")) {
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x509), valid_seconds);
    X509_set_pubkey(x509, key);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name);
    X509_add_ext(x509, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(x509, key, EVP_sha256());
    char path[] = "/tmp/rampart_ca_XXXXXX";
    const int fd = mkstemp(path);
    file = path;
    FILE* out = fdopen(fd, "w");
    PEM_write_X509(out, x509);
    std::fclose(out);
  }
  ~Certificate() {
    unlink(file.c_str());
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  X509* x509 = X509_new();
  EVP_PKEY* key;
  std::string file;
};

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_CERTIFICATE_H_
