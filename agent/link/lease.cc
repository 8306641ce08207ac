#include "agent/link/lease.h"

namespace rampart::agent {

void Lease::Renew(int64_t sent_ns, int64_t length_ns) {
  from_ns_ = sent_ns;
  length_ns_ = length_ns;
  open_.clear();
}

uint64_t Lease::Sent(int64_t now_ns) {
  if (open_.size() == kMaxOpen) open_.pop_front();
  open_.push_back({++last_number_, now_ns});
  return last_number_;
}

void Lease::Answered(uint64_t number) {
  while (!open_.empty() && open_.front().number <= number) {
    if (open_.front().number == number) from_ns_ = open_.front().sent_ns;
    open_.pop_front();
  }
}

}  // namespace rampart::agent
