// test_packed_kernels.cpp: products of packed rows, against the same sums of rounded values.
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include "check.h"
#include "core/base/rng.h"
#include "core/base/table.h"
#include "core/base/types.h"
#include "core/kernels/kernels.h"
#include "plain_packed.h"

using namespace likewise;
using plain_packed::rounded;

namespace {

constexpr float kMark = 12345.0F;  // stands where nothing may be written

float half_of(float word, int half) {
  return plain_packed::half_of(&word, half);
}

Table random_table(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  Table table(rows, dim);
  table.fill_uniform(1.0F, seed);
  return table;
}

double rounded_dot(const float* a, const float* b, std::size_t n) {
  double sum = 0;
  for (std::size_t d = 0; d < n; ++d) {
    sum += static_cast<double>(rounded(a[d])) * static_cast<double>(rounded(b[d]));
  }
  return sum;
}

/// Rows as the kernels pack them; as many centers as contexts, so that either may be either.
struct Packed {
  static constexpr std::size_t kRows = 32, kColumnStride = 64;

  Packed(const PackedKernels& kernels, std::size_t dim, std::uint64_t seed)
      : table(random_table(kRows, dim, seed)),
        stride(table.stride()),
        singles(kRows * stride / 2 + 1, kMark),
        center_pairs(kRows / 2 * stride + 1, kMark),
        columns(stride / 2 * kColumnStride + kLine, kMark),
        context_pairs(center_pairs),
        center_squares(kRows + 1, kMark),
        context_squares(kRows + 1, kMark) {
    for (std::size_t i = 0; i < kRows; ++i) rows.push_back(table.row(i));
    kernels.pack_centers(rows.data(), kRows, stride, singles.data(), center_pairs.data(),
                         center_squares.data());
    for (std::size_t j = 0; j < kRows; j += kLine) {
      kernels.pack_contexts(rows.data() + j, stride, columns.data() + j, kColumnStride,
                            context_pairs.data() + j / 2 * stride, context_squares.data() + j);
    }
    for (std::size_t k = 0; k < kRows / 2; ++k) {
      pair_rows.push_back(center_pairs.data() + k * stride);
    }
  }

  Table table;
  std::size_t stride;
  std::vector<const float*> rows, pair_rows;
  std::vector<float> singles, center_pairs, columns, context_pairs, center_squares, context_squares;
};

void rows_are_packed(const Packed& packed) {
  const std::size_t stride = packed.stride;
  for (std::size_t i = 0; i < Packed::kRows; ++i) {
    for (std::size_t d = 0; d < stride; ++d) {
      const float value = rounded(packed.rows[i][d]);
      const int half = static_cast<int>(d % 2), row = static_cast<int>(i % 2);
      CHECK(half_of(packed.singles[(i * stride + d) / 2], half) == value);
      CHECK(half_of(packed.columns[d / 2 * Packed::kColumnStride + i], half) == value);
      CHECK(half_of(packed.center_pairs[i / 2 * stride + d], row) == value);
      CHECK(half_of(packed.context_pairs[i / 2 * stride + d], row) == value);
    }
    const float* row = packed.rows[i];
    CHECK_CLOSE(packed.center_squares[i], rounded_dot(row, row, stride),
                0.01 * static_cast<double>(stride));
    CHECK_CLOSE(packed.context_squares[i], rounded_dot(row, row, stride),
                1e-5 * static_cast<double>(stride));
  }
  for (const auto* all : {&packed.singles, &packed.center_pairs, &packed.context_pairs,
                          &packed.center_squares, &packed.context_squares}) {
    CHECK(all->back() == kMark);
  }
  for (std::size_t p = 0; p < stride / 2; ++p) {
    for (std::size_t j = Packed::kRows; j < Packed::kColumnStride; ++j) {
      CHECK(packed.columns[p * Packed::kColumnStride + j] == kMark);
    }
  }
}

void scores_agree(const PackedKernels& kernels, const Packed& packed) {
  constexpr std::size_t kWidth = 64;
  const std::vector<std::vector<std::pair<std::size_t, std::size_t>>> lists = {
      {{0, 16}, {8, 8}, {20, 4}},
      {{3, 14}, {17, 8}, {0, 4}},
      {{5, 1}, {0, 8}, {28, 4}},
      {{2, 13}, {4, 4}, {0, 4}, {16, 4}},
      {{0, 32}},
      {{7, 23}, {12, 12}},
      {{1, 0}, {9, 3}}};
  for (const auto& list : lists) {
    for (const std::size_t m : {std::size_t{1}, kMostRows}) {
      std::vector<float> out(m * kWidth, kMark);
      std::vector<Columns> wanted;
      std::size_t at = 0;
      for (const auto& [first, count] : list) {
        wanted.push_back({first, count, out.data() + at, kWidth});
        at += whole_lines(count);
      }
      kernels.scores(packed.singles.data(), m, packed.stride, packed.columns.data(),
                     Packed::kColumnStride, wanted.data(), wanted.size());
      for (std::size_t i = 0; i < m; ++i) {
        for (const Columns& of : wanted) {
          for (std::size_t j = 0; j < of.count; ++j) {
            const double expected =
                rounded_dot(packed.rows[i], packed.rows[of.first + j], packed.stride);
            CHECK_CLOSE(of.out[i * kWidth + j], expected,
                        2e-6 * static_cast<double>(packed.stride));
          }
        }
        for (std::size_t j = at; j < kWidth; ++j) CHECK(out[i * kWidth + j] == kMark);
      }
    }
  }
}

void sums_agree(const PackedKernels& kernels, const Packed& packed) {
  const std::size_t stride = packed.stride, n = packed.pair_rows.size();
  constexpr std::size_t kContexts = 20, kAcross = 32;
  Rng rng(5);
  // Steps of kContexts contexts to all rows: as a block has them, center by center.
  std::vector<float> steps(Packed::kRows * kAcross), across(n * kAcross), scales(kMostRows);
  for (float& step : steps) step = rng.uniform() - 0.5F;
  for (float& scale : scales) scale = rng.uniform();
  for (std::size_t i = 0; i < Packed::kRows; i += kMostRows) {
    kernels.pack_steps(steps.data() + i * kAcross, kAcross, kMostRows, kContexts, nullptr, 0,
                       across.data() + i / 2 * kAcross, kAcross);
  }
  for (std::size_t m = 1; m <= kMostRows; ++m) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{5}, n}) {
      Table actual = random_table(kMostRows, packed.table.dim(), 6);
      const Table before = random_table(kMostRows, packed.table.dim(), 6);
      std::vector<float*> out;
      for (std::size_t j = 0; j < m; ++j) out.push_back(actual.row(j));
      const Terms terms[] = {{across.data(), 1, kAcross, packed.pair_rows.data(), count},
                             {across.data() + 7, 1, kAcross, packed.pair_rows.data(), 1}};
      kernels.accumulate(out.data(), scales.data(), m, terms, std::size(terms), stride);
      for (std::size_t j = 0; j < kMostRows; ++j) {
        for (std::size_t d = 0; d < stride; ++d) {
          double sum = 0;
          const auto add = [&](std::size_t i, std::size_t context) {
            sum += static_cast<double>(rounded(steps[i * kAcross + context])) *
                   static_cast<double>(rounded(packed.rows[i][d]));
          };
          for (std::size_t i = 0; i < 2 * count; ++i) add(i, j);
          for (std::size_t i = 0; i < 2; ++i) add(i, 7 + j);
          const double scaled = j < m ? sum * static_cast<double>(scales[j]) : 0.0;
          CHECK_CLOSE(actual.row(j)[d], static_cast<double>(before.row(j)[d]) + scaled, 1e-5);
        }
      }
    }
  }
}

void steps_are_packed(const PackedKernels& kernels) {
  Rng rng(7);
  std::vector<float> steps(5 * 80);
  for (float& step : steps) step = rng.uniform() - 0.5F;
  for (std::size_t n = 1; n <= 50; ++n) {
    for (std::size_t m = 1; m <= kMostRows; ++m) {
      std::vector<float> along((m + 1) * 40, kMark), across(3 * 80, kMark);
      kernels.pack_steps(steps.data(), 80, m, n, along.data(), 40, across.data(), 80);
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          const float value = rounded(steps[i * 80 + j]);
          CHECK(half_of(along[i * 40 + j / 2], static_cast<int>(j % 2)) == value);
          CHECK(half_of(across[i / 2 * 80 + j], static_cast<int>(i % 2)) == value);
        }
      }
      for (std::size_t j = 0; m % 2 == 1 && j < n; ++j)
        CHECK(half_of(across[m / 2 * 80 + j], 1) == 0);
      for (std::size_t j = 0; j < 40; ++j) CHECK(along[m * 40 + j] == kMark);
      for (std::size_t j = whole_lines(n); j < 80; ++j) CHECK(across[j] == kMark);
      std::vector<float> alone(along.size(), kMark);
      kernels.pack_steps(steps.data(), 80, m, n, alone.data(), 40, nullptr, 0);
      CHECK(std::memcmp(alone.data(), along.data(), along.size() * sizeof(float)) == 0);
    }
  }
}

// What rounding takes from the mean is kept beside it.
void the_mean_is_whole(const PackedKernels& kernels, std::size_t dim) {
  const Table mean = random_table(1, dim, 8);
  const std::size_t stride = mean.stride();
  std::vector<float> single(stride / 2 + 1, kMark), pairs(stride + 1, kMark);
  kernels.pack_mean(mean.data(), stride, single.data(), pairs.data());
  for (std::size_t d = 0; d < stride; ++d) {
    CHECK(half_of(single[d / 2], static_cast<int>(d % 2)) == rounded(mean.data()[d]));
    CHECK(half_of(pairs[d], 0) == rounded(mean.data()[d]));
    CHECK_CLOSE(half_of(pairs[d], 0) + half_of(pairs[d], 1), mean.data()[d],
                1e-5 * std::abs(static_cast<double>(mean.data()[d])));
  }
  CHECK(single.back() == kMark && pairs.back() == kMark);
}

// What is not a number stays so, and no neighbour becomes it.
void bad_numbers_stay_alone(const PackedKernels& kernels) {
  Packed packed(kernels, 100, 9);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t d = 0; d < 100; ++d) packed.table.row(5)[d] = nan;
  kernels.pack_contexts(packed.rows.data(), packed.stride, packed.columns.data(),
                        Packed::kColumnStride, packed.context_pairs.data(),
                        packed.context_squares.data());
  float out[4 * kLine];
  const Columns wanted{0, kLine, out, kLine};
  kernels.scores(packed.singles.data(), 4, packed.stride, packed.columns.data(),
                 Packed::kColumnStride, &wanted, 1);
  for (std::size_t j = 0; j < kLine; ++j) CHECK(std::isnan(out[j]) == (j == 5));
}

}  // namespace

int main() {
  const Kernels plain = plain_packed::kernels();
  std::vector<const Kernels*> sets = supported_kernels();
  sets.push_back(&plain);
  for (const Kernels* set : sets) {
    if (set->packed == nullptr) continue;
    for (std::size_t stride = kRowAlign; stride <= 256; stride += kRowAlign) {
      const Packed packed(*set->packed, stride - 3, stride);
      rows_are_packed(packed);
      scores_agree(*set->packed, packed);
      sums_agree(*set->packed, packed);
      the_mean_is_whole(*set->packed, stride - 3);
    }
    steps_are_packed(*set->packed);
    bad_numbers_stay_alone(*set->packed);
    std::printf("%s: packed products were looked at\n", set->name);
  }
  return likewise_check::failures();
}
