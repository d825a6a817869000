// krylov.h: the first eigenvectors of A = M Mᵀ, M a table of items by sessions that nobody forms.
//
// By block Lanczos (Golub and Underwood 1977): A is applied
// kSteps times to a block of 16 columns, and what all of these span holds far better vectors than
// as many products of a wide block do (Musco and Musco 2015). The last product counts in full: A is
// taken for W (Vᵀ W)⁻¹ Wᵀ, W = A V (Nyström's approximation), and not for its image within V.
//
// Every sum runs over parts that do not depend on the number of threads: nor do any bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/table.h"
#include "core/base/workers.h"
#include "core/kernels/kernels.h"
#include "core/score/baskets.h"
#include "core/score/small_matrix.h"

namespace likewise {

class Krylov {
 public:
  /// Of the table of `baskets`, rows times scales (n,).
  Krylov(const Baskets& baskets, std::vector<float> scales, std::uint64_t seed, int threads,
         const Poll& poll);

  /// out(row) (columns,) for each row it is not null for: the first eigenvectors, each as long as
  /// the root of its eigenvalue; columns that there are none for are zero. Of rows longer than
  /// `longest` that much is kept.
  void vectors(std::size_t columns, float longest, const std::vector<float*>& out) const;

 private:
  static constexpr std::size_t kSteps = 9;

  using Blocks = std::vector<std::size_t>;  // their numbers
  struct State {                            // of the columns of a block
    std::vector<std::size_t> zero;
    bool close = false;
  };

  float* block(std::size_t b) { return blocks_.row(b * padded_); }
  const float* block(std::size_t b) const { return blocks_.row(b * padded_); }

  void start();
  bool extend(std::size_t b);
  void repeat(std::size_t b, State state, Matrix& steps);
  State normalise(const Blocks& with, const Matrix& products, const Matrix& square,
                  const std::vector<double>& sizes, double rounding, Matrix& steps);
  Matrix products(const Blocks& with, std::size_t b, bool fresh);
  Matrix subtract(const Blocks& with, const Matrix& products, const Matrix& scale, bool ready);
  void add_products(const float* left, const float* const* rows, std::size_t n, double* sums) const;
  void combine(std::size_t b, std::size_t first, std::size_t last);
  void hand_out(std::size_t b, std::size_t first, std::size_t last);
  Matrix turned(std::size_t columns) const;
  void for_each_chunk(const std::function<void(std::size_t, std::size_t, std::size_t)>& use) const;

  const Baskets& baskets_;
  const Kernels& kernels_;
  const std::vector<float> scales_;
  const std::uint64_t seed_;
  const int threads_;
  const Poll& poll_;
  const std::size_t n_, padded_;  // rows, and those that memory has
  Table blocks_;                  // (kSteps + 1, padded_, kBlock): V
  Table tables_;                  // (kTables, n_, kLine): what the next product gives and gets
  std::size_t steps_ = 0;         // products that were made
  Matrix relation_;               // H: A V = V' H, V' being V and one block more
  Matrix squares_;                // of V', but for rounding the identity: a block a row
  std::vector<double> sums_;
};

}  // namespace likewise
