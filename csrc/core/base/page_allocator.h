// page_allocator.h: memory for the long lists of short-lived threads.
//
// What a thread frees, the C library keeps for the next one: as much as the features themselves
// would stay in the process while it trains. Long lists have pages of the system's here, which are
// its own again with the list's end; short ones are left to the C library.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <limits>
#include <new>

namespace likewise {

template <class T>
class PageAllocator {
 public:
  using value_type = T;
  PageAllocator() = default;
  template <class U>
  PageAllocator(const PageAllocator<U>&) {}

  T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
    const std::size_t bytes = n * sizeof(T);
    if (bytes < kLeast) return static_cast<T*>(::operator new(bytes));
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    return static_cast<T*>(start);
  }
  void deallocate(T* start, std::size_t n) {
    if (n * sizeof(T) < kLeast) {
      ::operator delete(start);
    } else {
      munmap(start, n * sizeof(T));
    }
  }
  friend bool operator==(const PageAllocator&, const PageAllocator&) { return true; }

 private:
  static constexpr std::size_t kLeast = std::size_t{1} << 18;  // bytes
};

}  // namespace likewise
