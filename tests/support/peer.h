// Peer: a server from tests/peers as a process of a test.
#ifndef RAMPART_TESTS_SUPPORT_PEER_H_
#define RAMPART_TESTS_SUPPORT_PEER_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tests/support/process.h"

namespace rampart {

// `node tests/peers/NAME.js` on a port of its own. The test program is compiled with
// PEERS_DIR="${PROJECT_SOURCE_DIR}/tests/peers"; the packages are there after `npm ci` in that
// folder, which `./dev test` runs.
class Peer {
 public:
  Peer(const std::string& folder, const std::string& name)
      : process_({"/usr/bin/env", "node", folder + "/" + name + ".js"}) {
    const std::string says = "listening on 127.0.0.1:";
    if (!process_.WaitFor(says) || !process_.WaitFor("\n")) {
      ADD_FAILURE() << "are the packages there? (cd tests/peers && npm ci)";
      return;
    }
    port_ = std::atoi(process_.text().c_str() + process_.text().find(says) + says.size());
  }

  int port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  Process& process() { return process_; }

 private:
  Process process_;
  int port_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_TESTS_SUPPORT_PEER_H_
