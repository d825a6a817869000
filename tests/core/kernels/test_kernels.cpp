// test_kernels.cpp: every kernel of every set that this machine runs, against the definition.
//
// Strides from half a cache line to sixteen lines, counts around every tile edge, and what lies
// beside the answers must stay as it was.
#include "core/kernels/kernels.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "core/base/rng.h"
#include "core/base/table.h"
#include "core/base/types.h"

using namespace likewise;

namespace {

constexpr float kMark = 12345.0F;  // stands where nothing may be written
const std::size_t kCounts[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17};

std::size_t up_to(std::size_t n, std::size_t step) {
  return (n + step - 1) / step * step;
}

/// Random rows; a last row is extra, for kernels that may read a little further.
Table random_table(std::size_t rows, std::size_t dim, std::uint64_t seed) {
  Table table(rows, dim);
  table.fill_uniform(1.0F, seed);
  return table;
}

bool all_close(const float* a, const float* b, std::size_t n, float tolerance) {
  for (std::size_t i = 0; i < n; ++i) {
    if (!(std::abs(a[i] - b[i]) <= tolerance)) return false;
  }
  return true;
}

bool same_table(const Table& a, const Table& b, float tolerance) {
  return all_close(a.data(), b.data(), a.rows() * a.stride(), tolerance);
}

Table copy_of(const Table& table) {
  Table copy(table.rows(), table.dim());
  for (std::size_t i = 0; i < table.rows() * table.stride(); ++i) copy.data()[i] = table.data()[i];
  return copy;
}

double exact_dot(const float* a, const float* b, std::size_t dim) {
  double sum = 0;
  for (std::size_t d = 0; d < dim; ++d)
    sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}

void scores_agree(const Kernels& set, std::size_t dim) {
  const std::size_t most = 17, width = 32;
  const Table a = random_table(most, dim, 1), b = random_table(most + kScorePadding, dim, 2);
  std::vector<const float*> rows, backwards;
  for (std::size_t j = 0; j < b.rows(); ++j) rows.push_back(b.row(j));
  for (const std::size_t m : kCounts) {
    for (const std::size_t n : kCounts) {
      std::vector<float> actual((most + 1) * width, kMark);
      set.scores(a.data(), m, rows.data(), n, a.stride(), actual.data(), width);
      for (std::size_t i = 0; i <= most; ++i) {
        const std::size_t written = i < m ? up_to(n, kScorePadding) : 0;
        const float* row = actual.data() + i * width;
        for (std::size_t j = 0; i < m && j < n; ++j) {
          CHECK_CLOSE(row[j], exact_dot(a.row(i), b.row(j), dim), 2e-6 * static_cast<double>(dim));
        }
        for (std::size_t j = written; j < width; ++j) CHECK(row[j] == kMark);
      }
      std::vector<float> squares(n + 1, kMark);
      set.squares(rows.data(), n, b.stride(), squares.data());
      for (std::size_t j = 0; j < n; ++j) {
        CHECK_CLOSE(squares[j], exact_dot(b.row(j), b.row(j), dim),
                    1e-6 * static_cast<double>(dim));
      }
      CHECK(squares[n] == kMark);
    }
  }
  // The list is what says where rows are.
  for (std::size_t j = 0; j < 8; ++j) backwards.push_back(b.row(7 - j));
  std::vector<float> forth(8), back(8);
  set.scores(a.data(), 1, rows.data(), 8, a.stride(), forth.data(), 8);
  set.scores(a.data(), 1, backwards.data(), 8, a.stride(), back.data(), 8);
  for (std::size_t j = 0; j < 8; ++j) CHECK_CLOSE(forth[j], back[7 - j], 1e-6);
}

float exact_sigmoid(float x) {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
}

/// Spans of `n` places in rows of their own, one of them empty, with weights of their own.
struct Spans {
  Spans(std::size_t m, std::size_t n, Rng& rng) : weights(m * 80), spans(m) {
    for (float& weight : weights) weight = rng.uniform();
    for (std::size_t i = 0; i < m; ++i) {
      const std::size_t low = n == 0 ? 0 : rng.below(static_cast<std::uint32_t>(n));
      const std::size_t high =
          i == 2 ? low : low + rng.below(static_cast<std::uint32_t>(n - low + 1));
      spans[i] = {low, high, weights.data() + i * 80};
    }
  }
  std::vector<float> weights;
  std::vector<TrueSpan> spans;
};

void positive_steps_agree(const Kernels& set) {
  Rng rng(3);
  for (std::size_t n = 0; n <= 50; ++n) {
    for (std::size_t m = 0; m <= kMostRows; ++m) {
      const Spans of(m, n, rng);
      std::vector<float> values((m + 1) * 80, kMark);
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < whole_lines(n); ++j) {
          values[i * 80 + j] = 40.0F * rng.uniform() - 20.0F;
        }
      }
      const std::vector<float> before = values;
      set.positive_steps(values.data(), 80, m, n, of.spans.data(), 0.25F);
      for (std::size_t i = 0; i <= m; ++i) {
        const float* row = values.data() + i * 80;
        const std::size_t written = i < m ? whole_lines(n) : 0;
        for (std::size_t j = 0; i < m && j < up_to(n, kScorePadding); ++j) {
          const TrueSpan& span = of.spans[i];
          const bool pair = j >= span.low && j < span.high;
          const float share = exact_sigmoid(before[i * 80 + j]);
          CHECK_CLOSE(row[j], pair ? 0.25F * span.weights[j] * (1.0F - share) : 0.0F, 2e-7);
          if (!pair) CHECK(row[j] == 0.0F);
        }
        for (std::size_t j = written; j < 80; ++j) CHECK(row[j] == kMark);
      }
    }
  }
}

void negative_steps_agree(const Kernels& set) {
  Rng rng(4);
  std::vector<float> weights(80), bases(80), scales(kMostRows);
  for (float& weight : weights) weight = rng.uniform();
  for (float& base : bases) base = rng.uniform();
  for (float& scale : scales) scale = 3.0F * rng.uniform();
  for (std::size_t n = 0; n <= 50; ++n) {
    for (std::size_t m = 0; m <= kMostRows; ++m) {
      std::vector<float> values((m + 1) * 80, kMark), about(values);
      for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t j = 0; j < n; ++j) values[i * 80 + j] = 40.0F * rng.uniform() - 20.0F;
      }
      const std::vector<float> before = values;
      set.negative_steps(values.data(), about.data(), 80, m, n, weights.data(), bases.data(),
                         scales.data());
      for (std::size_t i = 0; i <= m; ++i) {
        for (std::size_t j = 0; i < m && j < n; ++j) {
          const float share = exact_sigmoid(before[i * 80 + j]);
          CHECK_CLOSE(values[i * 80 + j], -scales[i] * weights[j] * share, 2e-6);
          CHECK_CLOSE(about[i * 80 + j], scales[i] * weights[j] * (bases[j] - share), 2e-6);
        }
        for (std::size_t j = i < m ? whole_lines(n) : 0; j < 80; ++j) {
          CHECK(values[i * 80 + j] == kMark);
          CHECK(about[i * 80 + j] == kMark);
        }
      }
    }
  }
}

void bend_agrees(const Kernels& set) {
  Rng rng(12);
  std::vector<float> squares(80), scales(kMostRows), start(80);
  for (float& square : squares) square = rng.uniform();
  for (float& scale : scales) scale = rng.uniform();
  for (float& value : start) value = rng.uniform();
  for (std::size_t n = 0; n <= 50; ++n) {
    for (std::size_t m = 0; m <= kMostRows; ++m) {
      const Spans of(m, n, rng);
      std::vector<float> curvatures = start, expected = start, pulls(m + 1, kMark);
      set.bend(of.spans.data(), m, n, squares.data(), scales.data(), curvatures.data(),
               pulls.data());
      for (std::size_t i = 0; i < m; ++i) {
        float pull = 0;
        for (std::size_t j = of.spans[i].low; j < of.spans[i].high; ++j) {
          pull += of.spans[i].weights[j] * squares[j];
          expected[j] += scales[i] * of.spans[i].weights[j];
        }
        CHECK_CLOSE(pulls[i], pull, 1e-5);
      }
      CHECK(pulls[m] == kMark);
      CHECK(all_close(curvatures.data(), expected.data(), 80, 1e-6F));
    }
  }
}

// Large scores end at 0 and 1; what is not a number stays so, that training can tell.
void extreme_scores(const Kernels& set) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> values(32, 0.0F);
  const float scores[] = {-1e4F, -200.0F, -90.0F, 90.0F, 200.0F, 1e4F, nan, 0.0F};
  for (std::size_t j = 0; j < 8; ++j) values[j] = values[16 + j] = scores[j];
  const std::vector<float> ones(16, 1.0F), zeros(16, 0.0F);
  std::vector<float> about(16);
  const TrueSpan span{0, 8, ones.data()};
  const float scale = 1.0F;
  set.positive_steps(values.data(), 16, 1, 8, &span, 1.0F);
  set.negative_steps(values.data() + 16, about.data(), 16, 1, 8, ones.data(), zeros.data(), &scale);
  for (std::size_t j = 0; j < 3; ++j) CHECK_CLOSE(values[j], 1, 1e-6);
  for (std::size_t j = 3; j < 6; ++j) CHECK_CLOSE(values[j], 0, 1e-6);
  for (std::size_t j = 0; j < 3; ++j) CHECK_CLOSE(values[16 + j], 0, 1e-6);
  for (std::size_t j = 3; j < 6; ++j) CHECK_CLOSE(values[16 + j], -1, 1e-6);
  CHECK(std::isnan(values[6]) && std::isnan(values[22]));
  CHECK_CLOSE(values[7], 0.5, 1e-7);
}

void accumulate_agrees(const Kernels& set, std::size_t dim) {
  const std::size_t most = 17;
  const Table a = random_table(most, dim, 5), b = random_table(most, dim, 6);
  const Table start = random_table(most + 1, dim, 7);
  std::vector<const float*> first_rows, second_rows;
  for (std::size_t j = 0; j < most; ++j) {
    first_rows.push_back(a.row(j * 5 % most));
    second_rows.push_back(b.row(j));
  }
  std::vector<float> steps(2 * most * most), scales(most);
  Rng rng(8);
  for (float& step : steps) step = rng.uniform() - 0.5F;
  for (float& scale : scales) scale = rng.uniform();
  for (std::size_t m = 0; m <= kMostRows; ++m) {
    for (const std::size_t n : {std::size_t{0}, std::size_t{1}, std::size_t{6}, most}) {
      for (const bool transposed : {false, true}) {
        const Terms terms[] = {
            {steps.data(), transposed ? 1 : most, transposed ? most : 1, first_rows.data(), n},
            {steps.data() + most * most, most, 1, second_rows.data(), most - n},
            {steps.data(), 1, 0, second_rows.data() + 2, 1}};
        for (const std::size_t n_terms : {std::size_t{0}, std::size_t{1}, std::size(terms)}) {
          Table expected = copy_of(start), actual = copy_of(start);
          const auto run = [&](const Kernels& kernels, Table& table) {
            std::vector<float*> out;
            for (std::size_t i = 0; i < m; ++i) {
              out.push_back(table.row(i % 3 == 2 ? i - 2 : i));  // some rows are named twice
            }
            kernels.accumulate(out.data(), scales.data(), m, terms, n_terms, table.stride());
          };
          run(scalar_kernels(), expected);
          run(set, actual);
          CHECK(same_table(actual, expected, 1e-5F));
        }
      }
    }
  }
}

void compose_scatter_and_collect_agree(const Kernels& set, std::size_t dim) {
  const std::size_t most = 17;
  const Table source = random_table(most, dim, 9);
  Table out(1, dim);
  std::vector<float> weights(most);
  Rng rng(10);
  for (float& weight : weights) weight = rng.uniform() - 0.5F;
  weights[0] = 1.0F;
  for (const std::size_t n : kCounts) {
    std::vector<const float*> rows;
    for (std::size_t k = 0; k < n; ++k) rows.push_back(source.row(k % 5));
    Table wanted(1, dim);
    const float square =
        scalar_kernels().compose(wanted.data(), rows.data(), weights.data(), n, wanted.stride());
    out.fill_uniform(9.0F, 11);  // what stood there before does not matter
    const float told = set.compose(out.data(), rows.data(), weights.data(), n, out.stride());
    CHECK(same_table(out, wanted, 1e-5F));
    CHECK_CLOSE(told, square, 1e-5 * static_cast<double>(dim));

    Table expected = copy_of(source), actual = copy_of(source);
    const auto run = [&](const Kernels& kernels, Table& table) {
      std::vector<float*> targets;
      for (std::size_t k = 0; k < n; ++k) targets.push_back(table.row(k % 5));  // some twice
      kernels.scatter(wanted.data(), targets.data(), weights.data(), n, table.stride());
      // And the way back, with a row that has been written: twice the sum of some rows.
      kernels.collect(table.row(6), 2.0F, rows.data(), weights.data(), n, table.stride());
    };
    run(scalar_kernels(), expected);
    run(set, actual);
    CHECK(same_table(actual, expected, 1e-5F));
    for (std::size_t d = 0; d < dim; ++d) {
      CHECK_CLOSE(actual.row(6)[d], source.row(6)[d] + 2.0F * wanted.data()[d], 1e-4);
    }
  }
}

// To the bit: nothing of it is left to a compiler.
void teach_is_the_same(const Kernels& set, std::size_t dim) {
  const std::size_t most = 40;
  const Table table = random_table(most, dim, 12), token = random_table(1, dim, 13);
  std::vector<RowId> rows;
  Rng rng(14);
  for (std::size_t k = 0; k < most; ++k) {
    rows.push_back(static_cast<RowId>(rng.below(most / 2)));  // some twice; half are never named
  }
  for (const std::size_t n : kCounts) {
    if (n == 0) continue;
    for (const std::size_t ahead : {std::size_t{0}, std::size_t{1}, most - n}) {
      const auto run = [&](const Kernels& kernels, Table& rows_of, Table& of_token) {
        kernels.teach(of_token.data(), rows_of.data(), rows.data(), n, ahead, 0.3F, 0.05F,
                      rows_of.stride());
      };
      Table wanted = copy_of(table), actual = copy_of(table);
      Table wanted_token = copy_of(token), actual_token = copy_of(token);
      run(scalar_kernels(), wanted, wanted_token);
      run(set, actual, actual_token);
      CHECK(same_table(actual, wanted, 0.0F));
      CHECK(same_table(actual_token, wanted_token, 0.0F));
      for (std::size_t d = 0; d < dim; ++d) {  // and by the formula
        double mean = 0;
        for (std::size_t k = 0; k < n; ++k) {
          mean += static_cast<double>(table.row(static_cast<std::size_t>(rows[k]))[d]);
        }
        const double error = static_cast<double>(token.row(0)[d]) - mean / static_cast<double>(n);
        CHECK_CLOSE(actual_token.row(0)[d], static_cast<double>(token.row(0)[d]) - 0.05 * error,
                    1e-5);
        const auto row = static_cast<std::size_t>(rows[0]);
        const auto times =
            std::count(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(n), rows[0]);
        CHECK_CLOSE(
            actual.row(row)[d],
            static_cast<double>(table.row(row)[d]) + 0.3 * error * static_cast<double>(times),
            1e-5);
        CHECK(actual.row(most - 1)[d] == table.row(most - 1)[d]);
      }
    }
  }
}

void the_choice_is_seen_and_forced() {
  CHECK(supported_kernels().back() == &scalar_kernels());
  unsetenv("LIKEWISE_KERNELS");
  CHECK(&kernels() == supported_kernels().front());
  for (const Kernels* set : supported_kernels()) {
    setenv("LIKEWISE_KERNELS", set->name, 1);
    CHECK(&kernels() == set);
  }
  setenv("LIKEWISE_KERNELS", "sse9", 1);
  CHECK_THROWS(kernels(), std::invalid_argument);
  unsetenv("LIKEWISE_KERNELS");
}

}  // namespace

int main() {
  the_choice_is_seen_and_forced();
  for (const Kernels* set : supported_kernels()) {
    const int before = likewise_check::count();
    for (std::size_t stride = kRowAlign; stride <= 256; stride += kRowAlign) {
      scores_agree(*set, stride - 3);
      accumulate_agrees(*set, stride - 3);
      compose_scatter_and_collect_agree(*set, stride - 3);
      teach_is_the_same(*set, stride - 3);
    }
    positive_steps_agree(*set);
    negative_steps_agree(*set);
    bend_agrees(*set);
    extreme_scores(*set);
    const bool passed = likewise_check::count() == before;
    std::printf("%s: %s\n", set->name, passed ? "agrees with the definition" : "differs");
  }
  return likewise_check::failures();
}
