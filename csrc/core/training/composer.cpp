// composer.cpp: sums of rows outside the hot loop of training.
#include "core/training/composer.h"

#include <algorithm>
#include <vector>

#include "core/kernels/kernels.h"

namespace likewise {

namespace {

/// Rows are asked for so many before they are added: they lie anywhere in memory.
constexpr std::size_t kRowsAhead = 8;

}  // namespace

void add_content(const FeatureView& features, const float* tokens, std::size_t token_stride,
                 Table& out, int threads, const Poll& poll) {
  if (features.empty()) return;
  const std::size_t dim = out.dim();
  parallel_for(
      threads, static_cast<std::int64_t>(out.rows()), 4096,
      [&](std::int64_t first, std::int64_t last, int) {
        const auto row_of = [&](std::size_t entry) {
          return tokens + static_cast<std::size_t>(features.item_tokens[entry]) * token_stride;
        };
        const auto entries =
            static_cast<std::size_t>(features.item_offsets[static_cast<std::size_t>(last)]);
        for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i) {
          float* vector = out.row(i);
          const auto end = static_cast<std::size_t>(features.item_offsets[i + 1]);
          for (auto e = static_cast<std::size_t>(features.item_offsets[i]); e < end; ++e) {
            if (e + kRowsAhead < entries) {
              const float* next = row_of(e + kRowsAhead);
              for (std::size_t d = 0; d < dim; d += kLine) __builtin_prefetch(next + d);
            }
            const float weight = features.item_weights[e];
            const float* row = row_of(e);
            for (std::size_t d = 0; d < dim; ++d) vector[d] += weight * row[d];
          }
        }
      },
      poll);
}

namespace {

/// mean (dim,) of the rows.
void mean_of_rows(std::span<const RowId> rows, const float* table, std::size_t stride,
                  std::size_t dim, float* mean) {
  std::fill_n(mean, dim, 0.0F);
  for (const RowId row : rows) {
    const float* values = table + static_cast<std::size_t>(row) * stride;
    for (std::size_t d = 0; d < dim; ++d) mean[d] += values[d];
  }
  const float scale = 1.0F / static_cast<float>(rows.size());
  for (std::size_t d = 0; d < dim; ++d) mean[d] *= scale;
}

/// The rows of one token's n-grams as kernels take them.
class NgramRows {
 public:
  NgramRows(const FeatureView& features, Table& table) : features_(features), table_(table) {}

  /// From now on these are the rows of token t.
  void turn_to(std::size_t t) {
    rows_.clear();
    for (const RowId id : features_.ngrams(t)) rows_.push_back(row_of(id));
    if (ones_.size() < rows_.size()) ones_.resize(rows_.size(), 1.0F);
  }
  std::size_t count() const { return rows_.size(); }
  float* const* rows() const { return rows_.data(); }
  const float* ones() const { return ones_.data(); }

  /// Asks for the rows of token t to be brought near.
  void expect(std::size_t t) const {
    for (const RowId id : features_.ngrams(t)) {
      const float* row = row_of(id);
      for (std::size_t d = 0; d < table_.dim(); d += kLine) __builtin_prefetch(row + d, 1, 2);
    }
  }

 private:
  float* row_of(RowId id) const { return table_.row(static_cast<std::size_t>(id)); }

  const FeatureView& features_;
  Table& table_;
  std::vector<float*> rows_;
  std::vector<float> ones_;
};

}  // namespace

void compose_tokens(const FeatureView& features, std::span<const std::int64_t> known,
                    const float* stored, std::size_t stored_stride, const float* ngrams,
                    std::size_t ngram_stride, Table& tokens, int threads, const Poll& poll) {
  const std::size_t dim = tokens.dim();
  parallel_for(
      threads, static_cast<std::int64_t>(tokens.rows()), 1024,
      [&](std::int64_t first, std::int64_t last, int) {
        for (auto t = static_cast<std::size_t>(first); t < static_cast<std::size_t>(last); ++t) {
          if (known[t] >= 0) {
            std::copy_n(stored + static_cast<std::size_t>(known[t]) * stored_stride, dim,
                        tokens.row(t));
          } else if (const auto rows = features.ngrams(t); ngrams != nullptr && !rows.empty()) {
            mean_of_rows(rows, ngrams, ngram_stride, dim, tokens.row(t));
          }
        }
      },
      poll);
}

void teach_ngrams(const FeatureView& features, std::span<const std::uint8_t> trained, float rate,
                  float pull, Table& tokens, Table& ngrams, int threads, const Poll& poll) {
  const std::size_t dim = tokens.dim(), stride = ngrams.stride();
  const Kernels& set = kernels();
  parallel_for(
      threads, static_cast<std::int64_t>(tokens.rows()), 512,
      [&](std::int64_t first, std::int64_t last, int) {
        Table room(1, dim);
        float* const step = room.row(0);
        NgramRows own(features, ngrams);
        const auto end = static_cast<std::size_t>(last);
        for (auto t = static_cast<std::size_t>(first); t < end; ++t) {
          if (t + 1 < end && trained[t + 1] != 0) own.expect(t + 1);
          if (trained[t] == 0) continue;
          float* token = tokens.row(t);
          own.turn_to(t);
          if (own.count() == 0) {
            for (std::size_t d = 0; d < dim; ++d) token[d] -= pull * token[d];
            continue;
          }
          set.compose(step, own.rows(), own.ones(), own.count(), stride);
          const float share = 1.0F / static_cast<float>(own.count());
          for (std::size_t d = 0; d < dim; ++d) {
            const float error = token[d] - share * step[d];
            token[d] -= pull * error;
            step[d] = rate * error;
          }
          set.scatter(step, own.rows(), own.ones(), own.count(), stride);
        }
      },
      poll);
}

}  // namespace likewise
