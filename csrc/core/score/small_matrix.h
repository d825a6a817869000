// small_matrix.h: square matrices of a few hundred rows, in float64: factors and eigenvalues.
#pragma once

#include <cstddef>
#include <vector>

namespace likewise {

/// Rows one after the other; zeros at first.
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::size_t rows, std::size_t columns)
      : rows_(rows), columns_(columns), values_(rows * columns, 0.0) {}
  double* operator[](std::size_t row) { return values_.data() + row * columns_; }
  const double* operator[](std::size_t row) const { return values_.data() + row * columns_; }
  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }

 private:
  std::size_t rows_ = 0, columns_ = 0;
  std::vector<double> values_;
};

Matrix identity(std::size_t n);
Matrix transposed(const Matrix& a);
Matrix operator*(const Matrix& a, const Matrix& b);

/// Upper triangular R with RᵀR = a, symmetric. Where no more than least[c] is left of a[c][c] row c
/// is zero: that column is made of those before it. Where less than floor[c] is left, it counts for
/// that much.
Matrix triangular(const Matrix& a, const std::vector<double>& least,
                  const std::vector<double>& floor);

/// The inverse of R where its diagonal is not zero; columns of the others are zero.
Matrix inverse(const Matrix& upper);

/// Columns z with zᵀ a z = 1, a symmetric without negative eigenvalues, that span what is above
/// `least` of its diagonal's largest: pivoted, so that the rest is left out.
Matrix whitening(const Matrix& a, double least);

/// Eigenvalues of a symmetric matrix, descending, and their unit vectors as rows.
struct Eigen {
  std::vector<double> values;
  Matrix vectors;
};
Eigen eigen(Matrix a);

}  // namespace likewise
