// Borrowed: something that a connection has only while it is busy.
#ifndef RAMPART_AGENT_PROTOCOL_BORROWED_H_
#define RAMPART_AGENT_PROTOCOL_BORROWED_H_

#include <memory>
#include <utility>

namespace rampart::agent {

// An idle connection costs a pointer for it. The thread keeps the one that was given back last, so
// that a connection which is busy now and then allocates nothing. T::Clear() makes it as new, but
// for capacity that is worth keeping. Of one thread.
template <typename T>
class Borrowed {
 public:
  bool held() const { return value_ != nullptr; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  T& Take() {
    if (value_ == nullptr) value_ = spare_ != nullptr ? std::move(spare_) : std::make_unique<T>();
    return *value_;
  }
  void GiveBack() {
    if (value_ == nullptr) return;
    value_->Clear();
    spare_ = std::move(value_);
  }

 private:
  inline static thread_local std::unique_ptr<T> spare_;

  std::unique_ptr<T> value_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_BORROWED_H_
