#include "controller/conduct/signals.h"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace rampart::controller {
namespace {

constexpr int kEnd = SIGUSR2;  // ends the waiting thread

}  // namespace

Signals::Signals(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
  signal(SIGPIPE, SIG_IGN);
  // A file that may not grow is an error of its writer.
  signal(SIGXFSZ, SIG_IGN);
  sigset_t waited;
  sigemptyset(&waited);
  for (const int number : {SIGINT, SIGTERM, kEnd}) sigaddset(&waited, number);
  pthread_sigmask(SIG_BLOCK, &waited, nullptr);
  thread_ = std::thread([this, waited] {
    for (;;) {
      int number = 0;
      if (sigwait(&waited, &number) != 0 || number == kEnd) return;
      on_signal_(number);
    }
  });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), kEnd);
  thread_.join();
}

}  // namespace rampart::controller
