// krylov.cpp: blocks of 16 columns, one line a row, gone through in chunks that stay in the cache.
#include "core/score/krylov.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "core/base/rng.h"

namespace likewise {
namespace {

constexpr std::size_t kChunk = 256;  // rows; their products are summed in float32, all else not
constexpr std::size_t kGroups = 32;  // of chunks, each of them a thread's at a time
constexpr std::size_t kSquare = kBlock * kBlock;
// What is left of a column's square when others are taken from it: less is rounding, the first time
// and later.
constexpr double kRounding = 1e-11, kRoundingAgain = 1e-10;
// No column is made longer than by this share of its square at a time, lest others' rounding grows.
constexpr double kShift = 1e-3;
// A block with a column of which so little is left is gone through once more, so many times.
constexpr double kClose = 1e-2;
constexpr int kRepeats = 3;
constexpr double kAskew = 1e-10;   // squares of products that should be zero: the same
constexpr double kNothing = 1e-7;  // eigenvalues, in shares of the largest
constexpr std::uint64_t kRepeatStream = 12;

const float kOnes[kMostRows] = {1.0F, 1.0F, 1.0F, 1.0F};

/// A matrix in float32 as rows that kernels take, each `stride` floats.
class Rows {
 public:
  Rows(const Matrix& a, std::size_t stride) : table_(a.rows(), stride) {
    for (std::size_t i = 0; i < a.rows(); ++i) {
      for (std::size_t j = 0; j < a.columns(); ++j) {
        table_.row(i)[j] = static_cast<float>(a[i][j]);
      }
      rows_.push_back(table_.row(i));
    }
  }
  const float* const* from(std::size_t row) const { return rows_.data() + row; }

 private:
  Table table_;
  std::vector<const float*> rows_;
};

Matrix last_block(const Matrix& a) {
  Matrix found(kBlock, kBlock);
  std::copy_n(a[a.rows() - kBlock], kSquare, found[0]);
  return found;
}

std::vector<double> diagonal(const Matrix& a) {
  std::vector<double> found(a.rows());
  for (std::size_t i = 0; i < a.rows(); ++i) found[i] = a[i][i];
  return found;
}

/// Rows of `some`, a block for each of `with`, to their places in `whole`.
void add(const Matrix& some, const std::vector<std::size_t>& with, Matrix& whole) {
  for (std::size_t k = 0; k < some.rows(); ++k) {
    double* const row = whole[with[k / kBlock] * kBlock + k % kBlock];
    for (std::size_t c = 0; c < kBlock; ++c) row[c] += some[k][c];
  }
}

std::vector<std::size_t> up_to(std::size_t b) {
  std::vector<std::size_t> found(b + 1);
  std::iota(found.begin(), found.end(), std::size_t{0});
  return found;
}

/// Where rows [begin, end) of a block lie.
struct RowsOf {
  RowsOf(const float* block, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) list[i - begin] = block + i * kBlock;
  }
  const float* list[kChunk];
};

}  // namespace

void Krylov::add_products(const float* left, const float* const* rows, std::size_t n,
                          double* sums) const {
  alignas(64) float tile[kSquare] = {};
  for (std::size_t c = 0; c < kBlock; c += kMostRows) {
    float* out[kMostRows];
    for (std::size_t k = 0; k < kMostRows; ++k) out[k] = tile + (c + k) * kBlock;
    const Terms terms{left + c, 1, kBlock, rows, n};
    kernels_.accumulate(out, kOnes, kMostRows, &terms, 1, kBlock);
  }
  for (std::size_t k = 0; k < kSquare; ++k) sums[k] += static_cast<double>(tile[k]);
}

Krylov::Krylov(const Baskets& baskets, std::vector<float> scales, std::uint64_t seed, int threads,
               const Poll& poll)
    : baskets_(baskets),
      kernels_(kernels()),
      scales_(std::move(scales)),
      seed_(seed),
      threads_(threads),
      poll_(poll),
      n_(baskets.size()),
      padded_(rounded_up(n_, kMostRows)),
      blocks_((kSteps + 1) * padded_, kBlock),
      tables_(Baskets::kTables * n_, kLine),
      relation_((kSteps + 1) * kBlock, kSteps * kBlock),
      squares_(kSteps + 1, kSquare) {
  start();
  while (steps_ < kSteps && extend(steps_)) {
  }
}

/// use(first row, last row, group) for every chunk, groups side by side.
void Krylov::for_each_chunk(
    const std::function<void(std::size_t, std::size_t, std::size_t)>& use) const {
  const std::size_t chunks = (padded_ + kChunk - 1) / kChunk;
  const auto groups = std::min(kGroups, chunks);
  parallel_for(
      threads_, static_cast<std::int64_t>(groups), 1,
      [&](std::int64_t g, std::int64_t, int) {
        const auto group = static_cast<std::size_t>(g);
        for (std::size_t c = chunks * group / groups; c < chunks * (group + 1) / groups; ++c) {
          use(c * kChunk, std::min((c + 1) * kChunk, padded_), group);
        }
      },
      poll_);
}

/// Rows of block b from what the tables got; without a block before it, what was drawn.
void Krylov::combine(std::size_t b, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < std::min(last, n_); ++i) {
    float* const out = block(b) + i * kBlock;
    for (std::size_t half = 0; half < Baskets::kTables; ++half) {
      const float* got = tables_.row(half * n_ + i) + kRowAlign;
      for (std::size_t d = 0; d < kRowAlign; ++d) out[half * kRowAlign + d] = scales_[i] * got[d];
    }
    const float alone = scales_[i] * scales_[i] * baskets_.alone()[i];
    if (b == 0 || alone == 0.0F) continue;
    const float* const given = block(b - 1) + i * kBlock;
    for (std::size_t d = 0; d < kBlock; ++d) out[d] += alone * given[d];
  }
}

/// Rows of block b to the tables, for the next product.
void Krylov::hand_out(std::size_t b, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < std::min(last, n_); ++i) {
    const float* const row = block(b) + i * kBlock;
    for (std::size_t t = 0; t < Baskets::kTables; ++t) {
      float* const out = tables_.row(t * n_ + i);
      for (std::size_t d = 0; d < kRowAlign; ++d) {
        out[d] = scales_[i] * row[t * kRowAlign + d];
        out[kRowAlign + d] = 0.0F;
      }
    }
  }
}

/// Blocks `with`, transposed, times block b, one below the other; a fresh one is put together
/// before that.
Matrix Krylov::products(const Blocks& with, std::size_t b, bool fresh) {
  const std::size_t each = with.size() * kSquare;
  sums_.assign(kGroups * each, 0.0);
  for_each_chunk([&](std::size_t begin, std::size_t end, std::size_t group) {
    if (fresh) combine(b, begin, end);
    const RowsOf rows(block(b), begin, end);
    for (std::size_t k = 0; k < with.size(); ++k) {
      add_products(block(with[k]) + begin * kBlock, rows.list, end - begin,
                   sums_.data() + group * each + k * kSquare);
    }
  });
  Matrix found(with.size() * kBlock, kBlock);
  for (std::size_t group = 0; group < kGroups; ++group) {
    for (std::size_t k = 0; k < each; ++k) found[0][k] += sums_[group * each + k];
  }
  return found;
}

/// Block b, the last of `with`, becomes (itself - the others times products) times scale; returns
/// its square. To the tables with it, when it is ready.
Matrix Krylov::subtract(const Blocks& with, const Matrix& products, const Matrix& scale,
                        bool ready) {
  const std::size_t b = with.back(), others = (with.size() - 1) * kBlock;
  Matrix factors(others + kBlock, kBlock);
  for (std::size_t k = 0; k < others; ++k) {
    for (std::size_t c = 0; c < kBlock; ++c) factors[k][c] = -products[k][c];
  }
  for (std::size_t c = 0; c < kBlock; ++c) factors[others + c][c] = 1.0;
  const Rows rows(factors * scale, kBlock);
  sums_.assign(kGroups * kSquare, 0.0);
  for_each_chunk([&](std::size_t begin, std::size_t end, std::size_t group) {
    std::array<Terms, kSteps + 1> terms;
    for (std::size_t i = begin; i < end; i += kMostRows) {
      alignas(64) float made[kMostRows * kBlock] = {};
      float* out[kMostRows];
      for (std::size_t k = 0; k < kMostRows; ++k) out[k] = made + k * kBlock;
      for (std::size_t k = 0; k < with.size(); ++k) {
        terms[k] = {block(with[k]) + i * kBlock, kBlock, 1, rows.from(k * kBlock), kBlock};
      }
      kernels_.accumulate(out, kOnes, kMostRows, terms.data(), with.size(), kBlock);
      std::copy_n(made, kMostRows * kBlock, block(b) + i * kBlock);
    }
    if (ready) hand_out(b, begin, end);
    const RowsOf now(block(b), begin, end);
    add_products(now.list[0], now.list, end - begin, sums_.data() + group * kSquare);
  });
  Matrix square(kBlock, kBlock);
  for (std::size_t k = 0; k < sums_.size(); ++k) square[0][k % kSquare] += sums_[k];
  return square;
}

/// Makes the columns of block b, the last of `with`, which are orthogonal to the others but for
/// `products`, orthogonal to one another and of length 1, or zero. `square` is the block's own,
/// sizes are the squares of what its columns were made from. `steps` becomes what makes that from
/// blocks [0, b].
Krylov::State Krylov::normalise(const Blocks& with, const Matrix& products, const Matrix& square,
                                const std::vector<double>& sizes, double rounding, Matrix& steps) {
  const std::size_t b = with.back(), before = (with.size() - 1) * kBlock;
  Matrix own = square;
  std::vector<double> least(kBlock), floor(kBlock);
  for (std::size_t c = 0; c < kBlock; ++c) {
    least[c] = rounding * sizes[c];
    floor[c] = kShift * own[c][c];
  }
  for (std::size_t k = 0; k < before; ++k) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      for (std::size_t j = 0; j < kBlock; ++j) own[i][j] -= products[k][i] * products[k][j];
    }
  }
  const Matrix upper = triangular(own, least, floor);
  const Matrix now = subtract(with, products, inverse(upper), true);
  std::copy_n(now[0], kSquare, squares_[b]);
  Matrix factors(before + kBlock, kBlock), last(kBlock, kBlock);
  if (before > 0) std::copy_n(products[0], before * kBlock, factors[0]);
  std::copy_n(upper[0], kSquare, factors[before]);
  std::copy_n(steps[b * kBlock], kSquare, last[0]);
  std::fill_n(steps[b * kBlock], kSquare, 0.0);
  add(factors * last, with, steps);
  State state;
  for (std::size_t c = 0; c < kBlock; ++c) {
    const double length = upper[c][c] * upper[c][c];
    if (length == 0.0) {
      state.zero.push_back(c);
    } else if (length < std::max(kClose * sizes[c], 1.01 * floor[c])) {
      state.close = true;
    }
  }
  return state;
}

/// Once more: for columns that were nearly made of others, and for random ones in place of zeros,
/// which a start or a product left out.
void Krylov::repeat(std::size_t b, State state, Matrix& steps) {
  Rng rng(seed_, kRepeatStream, b);
  for (int k = 0; k < kRepeats && (state.close || !state.zero.empty()); ++k) {
    std::vector<double> sizes(kBlock, 1.0);
    for (const std::size_t c : state.zero) {
      if (k > 0) break;  // there is nothing else
      sizes[c] = static_cast<double>(n_);
      for (std::size_t i = 0; i < n_; ++i) {
        block(b)[i * kBlock + c] = rng.below(2) == 0 ? -1.0F : 1.0F;
      }
    }
    const Blocks all = up_to(b);
    const Matrix near = products(all, b, false);
    state = normalise(all, near, last_block(near), sizes, kRoundingAgain, steps);
    if (!state.close) return;
  }
}

void Krylov::start() {
  baskets_.draw(tables_.data(), seed_, threads_, poll_);
  Matrix steps = identity(kBlock);
  const Matrix square = products({0}, 0, true);
  repeat(0, normalise({0}, Matrix(), square, diagonal(square), kRounding, steps), steps);
}

/// One product: of block b, which makes the next one. Whether there is more to be found.
bool Krylov::extend(std::size_t b) {
  poll_();
  baskets_.multiply(tables_.data(), threads_, poll_);
  const std::size_t next = b + 1;
  // The table is symmetric: what it makes of a block is orthogonal to all but the last two, until
  // vectors are found so well that rounding brings them back. The first block would show it.
  Blocks with{0};
  for (std::size_t k = b < 2 ? 1 : b - 1; k <= next; ++k) with.push_back(k);
  Matrix near = products(with, next, true);
  const std::vector<double> sizes = diagonal(last_block(near));
  const Matrix square = subtract(with, near, identity(kBlock), false);
  for (std::size_t i = 0; i < kBlock; ++i) {
    double* const own = near[near.rows() - kBlock + i];
    std::fill_n(own, kBlock, 0.0);
    own[i] = 1.0;
  }
  Matrix steps((next + 1) * kBlock, kBlock);
  add(near, with, steps);
  State state = normalise({next}, Matrix(), square, sizes, kRounding, steps);
  for (std::size_t k = 0; b > 1 && k < kBlock; ++k) {
    for (std::size_t c = 0; c < kBlock; ++c) {
      if (near[k][c] * near[k][c] > kAskew * square[c][c]) state.close = true;
    }
  }
  repeat(next, std::move(state), steps);
  for (std::size_t k = 0; k < steps.rows(); ++k) {
    std::copy_n(steps[k], kBlock, relation_[k] + b * kBlock);
  }
  ++steps_;
  return std::any_of(squares_[next], squares_[next] + kSquare, [](double x) { return x != 0.0; });
}

/// What turns V' into the vectors: (blocks of V' * kBlock, columns).
Matrix Krylov::turned(std::size_t columns) const {
  const std::size_t k = steps_ * kBlock, more = k + kBlock;
  Matrix relation(more, k);
  for (std::size_t i = 0; i < more; ++i) std::copy_n(relation_[i], k, relation[i]);
  const auto squared = [&](const Matrix& a) {  // V'ᵀ V' times it
    Matrix found(more, a.columns());
    for (std::size_t i = 0; i < more; ++i) {
      const double* const square = squares_[i / kBlock] + i % kBlock * kBlock;
      for (std::size_t j = 0; j < kBlock; ++j) {
        const double* const row = a[i / kBlock * kBlock + j];
        for (std::size_t c = 0; c < a.columns(); ++c) found[i][c] += square[j] * row[c];
      }
    }
    return found;
  };
  const Matrix whole = squared(relation);
  Matrix within(k, k);  // Vᵀ A V
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j < k; ++j) within[i][j] = (whole[i][j] + whole[j][i]) / 2;
  }
  const Matrix factor = relation * whitening(within, kNothing);
  const Eigen found = eigen(transposed(factor) * squared(factor));
  const std::size_t kept = std::min(columns, factor.columns());
  Matrix best(kept, factor.columns());
  for (std::size_t i = 0; i < kept; ++i) {
    std::copy_n(found.vectors[i], factor.columns(), best[i]);
  }
  return factor * transposed(best);
}

void Krylov::vectors(std::size_t columns, float longest, const std::vector<float*>& out) const {
  const std::size_t stride = padded(columns);
  const Rows rows(turned(columns), stride);
  for_each_chunk([&](std::size_t begin, std::size_t end, std::size_t) {
    Table made(kMostRows, columns);
    std::array<Terms, kSteps + 1> terms;
    for (std::size_t i = begin; i < end; i += kMostRows) {
      float* places[kMostRows];
      for (std::size_t k = 0; k < kMostRows; ++k) {
        places[k] = made.row(k);
        std::fill_n(places[k], stride, 0.0F);
      }
      for (std::size_t b = 0; b <= steps_; ++b) {
        terms[b] = {block(b) + i * kBlock, kBlock, 1, rows.from(b * kBlock), kBlock};
      }
      kernels_.accumulate(places, kOnes, kMostRows, terms.data(), steps_ + 1, stride);
      float squares[kMostRows];
      kernels_.squares(places, kMostRows, stride, squares);
      for (std::size_t k = 0; k < kMostRows && i + k < n_; ++k) {
        if (out[i + k] == nullptr) continue;
        const float length = std::sqrt(squares[k]);
        const float scale = length > longest ? longest / length : 1.0F;
        for (std::size_t d = 0; d < columns; ++d) out[i + k][d] = scale * places[k][d];
      }
    }
  });
}

}  // namespace likewise
