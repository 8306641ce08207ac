// Preloaded into a program: the time of day jumps when a test says so. RAMPART_WALL_CLOCK names a
// file of eight bytes, the seconds to add to it; what a test writes there holds from the next look
// on. The monotonic clock stays as it is, as on a machine whose clock is set.
//
// Waits until a time of day end when they would have without this: the kernel's own clock does not
// jump, so the time that it is told is put right.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

int64_t Shift() {
  static const std::atomic<int64_t>* const seconds = []() -> const std::atomic<int64_t>* {
    const char* path = std::getenv("RAMPART_WALL_CLOCK");
    const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return nullptr;
    void* const bytes = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    return bytes == MAP_FAILED ? nullptr : static_cast<const std::atomic<int64_t>*>(bytes);
  }();
  return seconds == nullptr ? 0 : seconds->load(std::memory_order_relaxed);
}

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool OfTheDay(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) {
  static auto* const next = Next<int(clockid_t, timespec*)>("clock_gettime");
  const int result = next(clock, now);
  if (result == 0 && OfTheDay(clock)) now->tv_sec += Shift();
  return result;
}

int gettimeofday(timeval* now, void* zone) {
  static auto* const next = Next<int(timeval*, void*)>("gettimeofday");
  const int result = next(now, zone);
  if (result == 0) now->tv_sec += Shift();
  return result;
}

time_t time(time_t* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

int sem_timedwait(sem_t* semaphore, const timespec* until) {
  static auto* const next = Next<int(sem_t*, const timespec*)>("sem_timedwait");
  timespec real = *until;
  real.tv_sec -= Shift();
  return next(semaphore, &real);
}

// Abseil's waits: futexes until a time of day.
long syscall(long number, ...) {
  static auto* const next = Next<long(long, ...)>("syscall");
  va_list list;
  va_start(list, number);
  long words[6];
  for (long& word : words) word = va_arg(list, long);
  va_end(list);
  timespec real;
  if (number == SYS_futex && (words[1] & FUTEX_CLOCK_REALTIME) != 0 && words[3] != 0) {
    real = *reinterpret_cast<const timespec*>(words[3]);
    real.tv_sec -= Shift();
    words[3] = reinterpret_cast<long>(&real);
  }
  return next(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

}  // extern "C"
