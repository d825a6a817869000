// table.h: a table of vectors in memory fit for random access.
//
// Rows are padded to whole cache lines and aligned to them; large tables ask for huge pages, since
// every look-up of a random row would otherwise miss the address cache as well. Memory comes
// zeroed.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/types.h"

namespace likewise {

class Table {
 public:
  Table() = default;
  /// Throws std::bad_alloc when there is no room; nothing is touched before it is written.
  Table(std::size_t rows, std::size_t dim);
  ~Table();
  Table(Table&& other) noexcept;
  Table& operator=(Table&& other) noexcept;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  float* row(std::size_t i) { return data_ + i * stride_; }
  const float* row(std::size_t i) const { return data_ + i * stride_; }
  float* data() { return data_; }
  const float* data() const { return data_; }
  std::size_t rows() const { return rows_; }
  std::size_t dim() const { return dim_; }
  std::size_t stride() const { return stride_; }
  bool empty() const { return rows_ == 0; }

  /// Evenly random in +-half_width, the same for the same seed; the padding stays zero.
  void fill_uniform(float half_width, std::uint64_t seed, int threads = 1);

  /// Removes the padding between rows, in place: from now on stride() == dim().
  void compact();

 private:
  float* data_ = nullptr;
  std::size_t rows_ = 0, dim_ = 0, stride_ = 0, bytes_ = 0;
};

}  // namespace likewise
