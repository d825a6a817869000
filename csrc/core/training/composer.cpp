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
  const std::size_t dim = tokens.dim();
  const auto teach = kernels().teach;
  const RowId* const end = features.ngram_rows.data() + features.ngram_rows.size();
  parallel_for(
      threads, static_cast<std::int64_t>(tokens.rows()), 512,
      [&](std::int64_t first, std::int64_t last, int) {
        for (auto t = static_cast<std::size_t>(first); t < static_cast<std::size_t>(last); ++t) {
          if (trained[t] == 0) continue;
          float* const token = tokens.row(t);
          if (const auto rows = features.ngrams(t); !rows.empty()) {
            const auto ahead = static_cast<std::size_t>(end - rows.data()) - rows.size();
            teach(token, ngrams.data(), rows.data(), rows.size(), ahead, rate, pull,
                  ngrams.stride());
          } else {
            for (std::size_t d = 0; d < dim; ++d) token[d] -= pull * token[d];
          }
        }
      },
      poll);
}

}  // namespace likewise
