// table.cpp: allocation of tables.
#include "core/base/table.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "core/base/rng.h"
#include "core/base/workers.h"

namespace likewise {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kPieces = 256;       // that tables leave their memory in, one by one, at most
constexpr std::size_t kLeastPiece = 4096;  // rows of one, so that threads are worth their start

std::size_t page_bytes() {
  static const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

/// Anonymous pages: they come zeroed and only cost memory once touched.
class Table::Memory {
 public:
  explicit Memory(std::size_t bytes) : bytes_(bytes) {
    if (bytes < 2 * kHugePage) {
      start_ = map(bytes);
      return;
    }
    // From the start of a huge page on, and to the end of one where half of it is of use; what was
    // mapped besides is unmapped again.
    bytes_ = rounded_up(bytes, bytes % kHugePage < kHugePage / 2 ? page_bytes() : kHugePage);
    char* const mapped = map(bytes_ + kHugePage);
    const std::size_t past = reinterpret_cast<std::uintptr_t>(mapped) % kHugePage;
    const std::size_t before = past == 0 ? 0 : kHugePage - past;
    start_ = mapped + before;
    if (before > 0) munmap(mapped, before);
    munmap(start_ + bytes_, kHugePage - before);
#if defined(MADV_HUGEPAGE)
    madvise(start_, bytes_, MADV_HUGEPAGE);  // a wish, not a need
#endif
  }
  ~Memory() { munmap(start_, bytes_); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  float* floats() { return reinterpret_cast<float*>(start_); }
  /// Gives back the whole pages from this byte on.
  void give_back(std::size_t from) {
    from = rounded_up(from, page_bytes());
    if (from < bytes_) madvise(start_ + from, bytes_ - from, MADV_DONTNEED);
  }

 private:
  static char* map(std::size_t bytes) {
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(start);
  }

  char* start_;
  std::size_t bytes_;
};

std::shared_ptr<Table::Memory> Table::reserve(std::size_t rows, std::size_t floats) {
  if (rows > std::numeric_limits<std::size_t>::max() / sizeof(float) / floats / 2) {
    throw std::bad_alloc();
  }
  return std::make_shared<Memory>(rows * floats * sizeof(float));
}

Table::Table(std::size_t rows, std::size_t dim) : rows_(rows), dim_(dim), stride_(padded(dim)) {
  if (rows == 0) return;
  memory_ = reserve(rows, stride_);
  data_ = memory_->floats();
}

Table::Table(Table&& other) noexcept
    : memory_(std::move(other.memory_)),
      data_(std::exchange(other.data_, nullptr)),
      rows_(std::exchange(other.rows_, 0)),
      dim_(other.dim_),
      stride_(other.stride_) {}

Table& Table::operator=(Table&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(data_, other.data_);
  std::swap(rows_, other.rows_);
  std::swap(dim_, other.dim_);
  std::swap(stride_, other.stride_);
  return *this;
}

void Table::side_by_side(std::size_t rows, std::size_t dim, Table& first, Table& second) {
  first = Table(0, dim);
  second = Table(0, dim);
  if (rows == 0) return;
  const std::size_t each = padded(dim);
  first.memory_ = second.memory_ = reserve(rows, 2 * each);
  first.data_ = first.memory_->floats();
  second.data_ = first.data_ + each;
  first.rows_ = second.rows_ = rows;
  first.stride_ = second.stride_ = 2 * each;
}

// From the last rows to the first, so that what is left behind is the end of the memory.
void Table::separate(Table& first, Table& second, int threads) {
  if (first.empty()) return;
  Table* const olds[] = {&first, &second};
  Table news[2];
  for (Table& table : news) {
    table = Table(0, first.dim_);
    table.stride_ = first.dim_;
    table.rows_ = first.rows_;
    table.memory_ = reserve(first.rows_, first.dim_);
    table.data_ = table.memory_->floats();
  }
  const std::size_t bytes = first.stride_ * sizeof(float);
  const std::size_t piece = std::max(first.rows_ / kPieces + 1, kLeastPiece);
  for (std::size_t last = first.rows_; last > 0;) {
    const std::size_t begin = last > piece ? last - piece : 0;
    parallel_for(threads, static_cast<std::int64_t>(last - begin), 1024,
                 [&](std::int64_t low, std::int64_t high, int) {
                   for (auto i = static_cast<std::size_t>(low); i < static_cast<std::size_t>(high);
                        ++i) {
                     for (std::size_t t = 0; t < 2; ++t) {
                       std::memcpy(news[t].row(begin + i), olds[t]->row(begin + i),
                                   first.dim_ * sizeof(float));
                     }
                   }
                 });
    first.memory_->give_back(begin * bytes);
    last = begin;
  }
  first = std::move(news[0]);
  second = std::move(news[1]);
}

void Table::fill_uniform(float half_width, std::uint64_t seed, int threads,
                         std::span<const std::uint64_t> keys) {
  parallel_for(threads, static_cast<std::int64_t>(rows_), 1024,
               [&](std::int64_t first, std::int64_t last, int) {
                 for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last);
                      ++i) {
                   Rng rng(seed, keys.empty() ? i : keys[i]);
                   float* values = row(i);
                   for (std::size_t d = 0; d < dim_; ++d) {
                     values[d] = (2.0F * rng.uniform() - 1.0F) * half_width;
                   }
                 }
               });
}

void Table::compact() {
  if (stride_ == dim_) return;
  for (std::size_t i = 1; i < rows_; ++i) {
    std::memmove(data_ + i * dim_, data_ + i * stride_, dim_ * sizeof(float));
  }
  stride_ = dim_;
}

void trim_allocator() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace likewise
