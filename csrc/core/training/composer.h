// composer.h: composition outside the hot loop of training: whole catalogues, words from n-grams.
//
// An item's vector is a weighted sum of rows: one per token of its content, and its own row with
// weight 1. A word that training never saw is the mean of its n-gram rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/feature_view.h"
#include "core/base/table.h"
#include "core/base/workers.h"

namespace likewise {

/// out_i += the content of item i, for every row i of `out`; tokens (n_tokens, out.dim()).
void add_content(const FeatureView& features, const float* tokens, std::size_t token_stride,
                 Table& out, int threads, const Poll& poll);

/// tokens_t = the stored row where known[t] >= 0, else the mean of the token's n-gram rows, else 0.
void compose_tokens(const FeatureView& features, std::span<const std::int64_t> known,
                    const float* stored, std::size_t stored_stride, const float* ngrams,
                    std::size_t ngram_stride, Table& tokens, int threads, const Poll& poll);

/// One pass of least mean squares: every token that took part in training teaches its n-grams, so
/// that their mean comes near its vector; `pull` moves the token a little towards that mean. A
/// token without n-grams, a category path, is pulled towards zero: else the paths above a path and
/// the path itself grow without bound against each other, and an item that knows only the top has
/// no say.
void teach_ngrams(const FeatureView& features, std::span<const std::uint8_t> trained, float rate,
                  float pull, Table& tokens, Table& ngrams, int threads, const Poll& poll);

}  // namespace likewise
