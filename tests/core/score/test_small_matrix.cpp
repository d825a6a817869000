// test_small_matrix.cpp: factors and eigenvalues against what defines them.
#include "core/score/small_matrix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "check.h"
#include "core/base/rng.h"

using namespace likewise;

namespace {

Matrix random_matrix(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  Rng rng(seed, rows, columns);
  Matrix found(rows, columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      found[i][j] = 2.0 * static_cast<double>(rng.uniform()) - 1.0;
    }
  }
  return found;
}

/// Symmetric, without negative eigenvalues, of that rank at most.
Matrix random_square(std::size_t n, std::size_t rank) {
  const Matrix half = random_matrix(n, rank, 5);
  return half * transposed(half);
}

void check_same(const Matrix& a, const Matrix& b, double tolerance) {
  CHECK(a.rows() == b.rows() && a.columns() == b.columns());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < a.columns(); ++j) CHECK_CLOSE(a[i][j], b[i][j], tolerance);
  }
}

void eigenvalues_put_the_matrix_together(const Matrix& a) {
  const std::size_t n = a.rows();
  const Eigen found = eigen(a);
  CHECK(std::is_sorted(found.values.rbegin(), found.values.rend()));
  Matrix scaled = found.vectors;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) scaled[i][j] *= found.values[i];
  }
  double size = 1.0;
  for (const double value : found.values) size = std::max(size, std::abs(value));
  check_same(transposed(found.vectors) * scaled, a, 1e-12 * size);
  check_same(found.vectors * transposed(found.vectors), identity(n), 1e-12);
}

void eigenvalues_of_many_kinds() {
  eigenvalues_put_the_matrix_together(Matrix());
  for (const std::size_t n : {1, 2, 3, 4, 7, 40, 144}) {
    eigenvalues_put_the_matrix_together(Matrix(n, n));
    eigenvalues_put_the_matrix_together(identity(n));
    eigenvalues_put_the_matrix_together(random_square(n, n));
    eigenvalues_put_the_matrix_together(random_square(n, 1 + n / 3));
    const Matrix any = random_matrix(n, n, 9);
    Matrix both = any;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) both[i][j] = any[i][j] + any[j][i];
    }
    eigenvalues_put_the_matrix_together(both);
  }
}

void triangles_put_the_matrix_together() {
  for (const std::size_t n : {1, 2, 5, 16}) {
    const Matrix a = random_square(n, n);
    const std::vector<double> none(n, 0.0);
    const Matrix upper = triangular(a, none, none);
    check_same(transposed(upper) * upper, a, 1e-12);
    check_same(upper * inverse(upper), identity(n), 1e-6);
  }
}

void what_others_make_is_left_out() {
  const std::size_t n = 9, rank = 4;
  const Matrix a = random_square(n, rank);
  const Matrix upper = triangular(a, std::vector<double>(n, 1e-9), std::vector<double>(n, 0.0));
  check_same(transposed(upper) * upper, a, 1e-9);
  std::size_t kept = 0;
  for (std::size_t c = 0; c < n; ++c) {
    if (upper[c][c] == 0.0) {
      for (std::size_t j = 0; j < n; ++j) CHECK(inverse(upper)[c][j] == 0.0);
      for (std::size_t j = 0; j < n; ++j) CHECK(inverse(upper)[j][c] == 0.0);
    } else {
      ++kept;
    }
  }
  CHECK(kept == rank);

  const Matrix white = whitening(a, 1e-9);
  CHECK(white.columns() == rank);
  check_same(transposed(white) * a * white, identity(rank), 1e-9);
  CHECK(whitening(Matrix(3, 3), 1e-9).columns() == 0);
}

void little_counts_for_a_floor() {
  Matrix a = identity(2);
  a[1][1] = 1e-6;
  const Matrix upper = triangular(a, {0.0, 0.0}, {0.0, 0.25});
  CHECK_CLOSE(upper[0][0], 1.0, 1e-15);
  CHECK_CLOSE(upper[1][1], 0.5, 1e-15);
}

}  // namespace

int main() {
  eigenvalues_of_many_kinds();
  triangles_put_the_matrix_together();
  what_others_make_is_left_out();
  little_counts_for_a_floor();
  return likewise_check::failures();
}
