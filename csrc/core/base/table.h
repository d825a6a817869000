// table.h: a table of vectors in memory fit for random access.
//
// Rows are padded and aligned to kRowAlign floats; large tables ask for huge pages, since every
// look-up of a random row would otherwise miss the address cache as well. Memory comes zeroed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "core/base/types.h"

namespace likewise {

class Table {
 public:
  Table() = default;
  /// Throws std::bad_alloc when there is no room; nothing is touched before it is written.
  Table(std::size_t rows, std::size_t dim);
  Table(Table&& other) noexcept;
  Table& operator=(Table&& other) noexcept;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  /// Makes two tables of one shape whose rows take turns in memory, so that row i of both is one
  /// look-up: the address cache misses once, and what is fetched beside a line is of use.
  static void side_by_side(std::size_t rows, std::size_t dim, Table& first, Table& second);

  float* row(std::size_t i) { return data_ + i * stride_; }
  const float* row(std::size_t i) const { return data_ + i * stride_; }
  float* data() { return data_; }
  const float* data() const { return data_; }
  std::size_t rows() const { return rows_; }
  std::size_t dim() const { return dim_; }
  std::size_t stride() const { return stride_; }
  bool empty() const { return rows_ == 0; }

  /// Evenly random in +-half_width, the same for the same seed and key (rows,), which is a row's
  /// number where none are given; the padding stays zero.
  void fill_uniform(float half_width, std::uint64_t seed, int threads = 1,
                    std::span<const std::uint64_t> keys = {});

  /// Removes the padding between rows, in place: from now on stride() == dim().
  void compact();

  /// The same for two tables made side by side: each gets memory of its own. What they had is given
  /// back as they leave it, so that both never stand in memory twice.
  static void separate(Table& first, Table& second, int threads = 1);

 private:
  class Memory;
  static std::shared_ptr<Memory> reserve(std::size_t rows, std::size_t floats);

  std::shared_ptr<Memory> memory_;
  float* data_ = nullptr;
  std::size_t rows_ = 0, dim_ = 0, stride_ = 0;
};

/// Gives freed memory back to the system, where the allocator can be asked to.
void trim_allocator();

}  // namespace likewise
