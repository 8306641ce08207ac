// A server of several processes that listen on one port.
#ifndef RAMPART_TESTS_CHAT_PROCESSES_H_
#define RAMPART_TESTS_CHAT_PROCESSES_H_

#include "tests/chat/options.h"

namespace rampart::chat {

// Runs options.processes servers, each in a process of its own with its own limit of descriptors,
// until SIGTERM or SIGINT, and returns the exit status. The kernel spreads connections over their
// listeners by a hash of the peer: how many each gets differs by some hundreds in ten thousand. All
// count into the same counters; what else they share, see Relay. Says on stderr what cannot be, and
// which process died: then the others are ended, too, as what it held is gone.
//
// Call it with no other thread running: it forks.
int RunProcesses(const Options& options);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_PROCESSES_H_
