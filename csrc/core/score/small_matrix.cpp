// small_matrix.cpp: plain loops along rows, which compilers turn into vectors.
#include "core/score/small_matrix.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace likewise {
namespace {

constexpr int kMostTurns = 60;  // of QL for an eigenvalue; two are usual

double dot(const double* a, const double* b, std::size_t n) {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void add(double* __restrict out, double scale, const double* __restrict row, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] += scale * row[i];
}

void add_four(double* __restrict out, const double (&scales)[4], const double* const (&rows)[4],
              std::size_t n) {
  const double* __restrict const a = rows[0];
  const double* __restrict const b = rows[1];
  const double* __restrict const c = rows[2];
  const double* __restrict const d = rows[3];
  for (std::size_t i = 0; i < n; ++i) {
    out[i] =
        (((out[i] + scales[0] * a[i]) + scales[1] * b[i]) + scales[2] * c[i]) + scales[3] * d[i];
  }
}

/// A symmetric matrix as Qᵀ T Q, T of three diagonals: its own and the one beside it.
struct Tridiagonal {
  std::vector<double> own, beside;
  Matrix q;
};

// By reflections that clear a column each (Householder).
Tridiagonal tridiagonal(Matrix a) {
  const std::size_t n = a.rows();
  Tridiagonal found{std::vector<double>(n), std::vector<double>(n, 0.0), identity(n)};
  std::vector<double> v(n), p(n);
  Matrix reflections(n, n);
  std::vector<double> scales(n, 0.0);
  for (std::size_t k = 0; k + 2 < n; ++k) {
    const std::size_t m = n - k - 1;
    const double* const row = a[k] + k + 1;
    const double length = std::sqrt(dot(row, row, m));
    found.beside[k] = row[0];
    if (dot(row + 1, row + 1, m - 1) == 0.0) continue;
    const double left = row[0] > 0 ? -length : length;
    std::copy_n(row, m, v.begin());
    v[0] -= left;
    found.beside[k] = left;
    const double scale = 2.0 / dot(v.data(), v.data(), m);
    for (std::size_t i = 0; i < m; ++i) p[i] = scale * dot(a[k + 1 + i] + k + 1, v.data(), m);
    const double share = 0.5 * scale * dot(p.data(), v.data(), m);
    for (std::size_t i = 0; i < m; ++i) p[i] -= share * v[i];
    for (std::size_t i = 0; i < m; ++i) {
      double* const out = a[k + 1 + i] + k + 1;
      const double vi = v[i], pi = p[i];
      for (std::size_t j = 0; j < m; ++j) out[j] -= vi * p[j] + pi * v[j];
    }
    std::copy_n(v.begin(), m, reflections[k]);
    scales[k] = scale;
  }
  if (n > 1) found.beside[n - 2] = a[n - 2][n - 1];
  for (std::size_t k = 0; k < n; ++k) found.own[k] = a[k][k];
  // Q is the last reflection times the one before it and so on: each from the right, last to first.
  std::vector<double>& product = p;
  for (std::size_t k = n; k-- > 0;) {
    if (scales[k] == 0.0) continue;
    const std::size_t m = n - k - 1;
    const double* const reflection = reflections[k];
    for (std::size_t i = k + 1; i < n; ++i) {
      double* const out = found.q[i] + k + 1;
      product[i] = scales[k] * dot(out, reflection, m);
      add(out, -product[i], reflection, m);
    }
  }
  return found;
}

/// Turns rows i and i + 1 of q.
void turn(Matrix& q, std::size_t i, double cosine, double sine) {
  double* __restrict const upper = q[i];
  double* __restrict const lower = q[i + 1];
  for (std::size_t j = 0; j < q.columns(); ++j) {
    const double x = upper[j], y = lower[j];
    upper[j] = cosine * x - sine * y;
    lower[j] = sine * x + cosine * y;
  }
}

// QL with a shift that the matrix implies, an eigenvalue at a time (Martin and Wilkinson 1968).
void diagonalise(Tridiagonal& t) {
  auto& [own, beside, q] = t;
  const std::size_t n = own.size();
  double nothing = 0.0;  // of all, lest rounding of zero eigenvalues is taken for numbers
  for (std::size_t i = 0; i < n; ++i) {
    nothing = std::max(nothing, std::abs(own[i]) + std::abs(beside[i]));
  }
  nothing *= std::numeric_limits<double>::epsilon();
  for (std::size_t first = 0; first < n; ++first) {
    for (int turns = 0;; ++turns) {
      std::size_t last = first;
      while (last + 1 < n && std::abs(beside[last]) > nothing) ++last;
      if (last == first) break;
      if (turns == kMostTurns) throw std::runtime_error("eigenvalues were not found");
      const double half = (own[first + 1] - own[first]) / (2.0 * beside[first]);
      const double root = std::hypot(half, 1.0);
      double g = own[last] - own[first] + beside[first] / (half + std::copysign(root, half));
      double sine = 1.0, cosine = 1.0, taken = 0.0;
      std::size_t i = last;
      while (i-- > first) {
        const double f = sine * beside[i], b = cosine * beside[i];
        const double length = std::hypot(f, g);
        beside[i + 1] = length;
        if (length == 0.0) {  // it falls in two
          own[i + 1] -= taken;
          beside[last] = 0.0;
          break;
        }
        sine = f / length;
        cosine = g / length;
        const double rest = own[i + 1] - taken;
        const double r = (own[i] - rest) * sine + 2.0 * cosine * b;
        taken = sine * r;
        own[i + 1] = rest + taken;
        g = cosine * r - b;
        turn(q, i, cosine, sine);
        if (i == first) {
          own[first] -= taken;
          beside[first] = g;
          beside[last] = 0.0;
          break;
        }
      }
    }
  }
}

}  // namespace

Matrix identity(std::size_t n) {
  Matrix found(n, n);
  for (std::size_t i = 0; i < n; ++i) found[i][i] = 1.0;
  return found;
}

Matrix transposed(const Matrix& a) {
  Matrix found(a.columns(), a.rows());
  for (std::size_t i = 0; i < a.rows(); ++i) {
    for (std::size_t j = 0; j < a.columns(); ++j) found[j][i] = a[i][j];
  }
  return found;
}

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix found(a.rows(), b.columns());
  std::vector<std::size_t> there;  // many factors are triangular: half of them is zeros
  for (std::size_t i = 0; i < a.rows(); ++i) {
    there.clear();
    for (std::size_t k = 0; k < a.columns(); ++k) {
      if (a[i][k] != 0.0) there.push_back(k);
    }
    std::size_t t = 0;
    for (; t + 4 <= there.size(); t += 4) {  // in the order of one by one, and its bits
      const std::size_t* const k = there.data() + t;
      const double scales[] = {a[i][k[0]], a[i][k[1]], a[i][k[2]], a[i][k[3]]};
      const double* const rows[] = {b[k[0]], b[k[1]], b[k[2]], b[k[3]]};
      add_four(found[i], scales, rows, b.columns());
    }
    for (; t < there.size(); ++t) add(found[i], a[i][there[t]], b[there[t]], b.columns());
  }
  return found;
}

Matrix triangular(const Matrix& a, const std::vector<double>& least,
                  const std::vector<double>& floor) {
  const std::size_t n = a.rows();
  Matrix upper(n, n);
  for (std::size_t c = 0; c < n; ++c) {
    double* const row = upper[c];
    std::copy_n(a[c] + c, n - c, row + c);
    for (std::size_t k = 0; k < c; ++k) add(row + c, -upper[k][c], upper[k] + c, n - c);
    if (!(row[c] > least[c])) {
      std::fill_n(row, n, 0.0);
      continue;
    }
    row[c] = std::max(row[c], floor[c]);
    const double scale = 1.0 / std::sqrt(row[c]);
    for (std::size_t j = c; j < n; ++j) row[j] *= scale;
  }
  return upper;
}

Matrix inverse(const Matrix& upper) {
  const std::size_t n = upper.rows();
  Matrix found(n, n);
  for (std::size_t c = n; c-- > 0;) {
    if (upper[c][c] == 0.0) continue;
    // Row c: what makes R times it the unit row.
    found[c][c] = 1.0;
    for (std::size_t k = c + 1; k < n; ++k) {
      if (upper[k][k] != 0.0) add(found[c] + k, -upper[c][k], found[k] + k, n - k);
    }
    for (std::size_t j = c; j < n; ++j) found[c][j] /= upper[c][c];
  }
  return found;
}

Matrix whitening(const Matrix& a, double least) {
  const std::size_t n = a.rows();
  std::vector<double> left(n);
  for (std::size_t i = 0; i < n; ++i) left[i] = a[i][i];
  const double bar = least * (n == 0 ? 0.0 : *std::max_element(left.begin(), left.end()));
  std::vector<std::size_t> chosen;
  Matrix upper(n, n);  // rows by order of choice, columns as in a
  while (chosen.size() < n) {
    const auto best =
        static_cast<std::size_t>(std::max_element(left.begin(), left.end()) - left.begin());
    if (!(left[best] > bar) || !(left[best] > 0.0)) break;
    double* const row = upper[chosen.size()];
    std::copy_n(a[best], n, row);
    for (std::size_t k = 0; k < chosen.size(); ++k) add(row, -upper[k][best], upper[k], n);
    const double scale = 1.0 / std::sqrt(left[best]);
    for (std::size_t j = 0; j < n; ++j) row[j] *= scale;
    for (std::size_t j = 0; j < n; ++j) left[j] -= row[j] * row[j];
    chosen.push_back(best);
    for (const std::size_t taken : chosen) left[taken] = 0.0;
  }
  Matrix square(chosen.size(), chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    for (std::size_t j = i; j < chosen.size(); ++j) square[i][j] = upper[i][chosen[j]];
  }
  square = inverse(square);
  Matrix found(n, chosen.size());
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    std::copy_n(square[i], chosen.size(), found[chosen[i]]);
  }
  return found;
}

Eigen eigen(Matrix a) {
  Tridiagonal t = tridiagonal(std::move(a));
  diagonalise(t);
  const std::size_t n = t.own.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return t.own[i] > t.own[j]; });
  Eigen found{std::vector<double>(n), Matrix(n, n)};
  for (std::size_t i = 0; i < n; ++i) {
    found.values[i] = t.own[order[i]];
    std::copy_n(t.q[order[i]], n, found.vectors[i]);
  }
  return found;
}

}  // namespace likewise
