// table.cpp: allocation of tables.
#include "core/table.h"

#include <sys/mman.h>

#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "core/rng.h"
#include "core/workers.h"

namespace likewise {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

Table::Table(std::size_t rows, std::size_t dim) : rows_(rows), dim_(dim), stride_(padded(dim)) {
  if (rows == 0) return;
  if (rows > std::numeric_limits<std::size_t>::max() / sizeof(float) / stride_ / 2) {
    throw std::bad_alloc();
  }
  bytes_ = rows * stride_ * sizeof(float);
  // Anonymous pages come zeroed and only cost memory once touched.
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  if (bytes_ >= 2 * kHugePage) madvise(memory, bytes_, MADV_HUGEPAGE);  // a wish, not a need
#endif
  data_ = static_cast<float*>(memory);
}

Table::~Table() {
  if (data_ != nullptr) munmap(data_, bytes_);
}

Table::Table(Table&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      rows_(std::exchange(other.rows_, 0)),
      dim_(other.dim_),
      stride_(other.stride_),
      bytes_(std::exchange(other.bytes_, 0)) {}

Table& Table::operator=(Table&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(rows_, other.rows_);
  std::swap(dim_, other.dim_);
  std::swap(stride_, other.stride_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void Table::fill_uniform(float half_width, std::uint64_t seed, int threads) {
  parallel_for(threads, static_cast<std::int64_t>(rows_), 4096,
               [&](std::int64_t first, std::int64_t last, int) {
                 for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last);
                      ++i) {
                   Rng rng(seed, i);
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

}  // namespace likewise
