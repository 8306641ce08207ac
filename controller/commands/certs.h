// `controller certs`.
#ifndef RAMPART_CONTROLLER_COMMANDS_CERTS_H_
#define RAMPART_CONTROLLER_COMMANDS_CERTS_H_

#include <string>
#include <vector>

namespace rampart::controller {

struct CertsFlags {
  std::string dir;                  // empty: the default folder
  std::vector<std::string> hosts;   // of the controller, beside this machine's own names
  std::vector<std::string> agents;  // each gets a folder of its own with a certificate of its own
  int days = 365;
  bool force = false;
};

inline constexpr int kMaxCertificateDays = 3'650;

// Makes a CA for development, and certificates of it for a controller and its agents; says what it
// wrote and what to type next. Overwrites nothing unless it is forced to. Returns the exit code.
int InitCerts(const CertsFlags& flags);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_CERTS_H_
