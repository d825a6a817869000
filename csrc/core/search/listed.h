// listed.h: candidates whose score is more than vectors say, put among the best by vectors.
//
// A query lists candidates with weights w > 0. A score s of vectors becomes that of a mixture,
// log(exp(sharpness s) + w) / sharpness, which is never less: the best k of all are among the best
// k by vectors and those listed.
#pragma once

#include <span>

#include "core/base/types.h"
#include "core/base/workers.h"
#include "core/search/top_k.h"

namespace likewise {

struct Listed {
  std::span<const Offset> offsets;    // (n_queries + 1,)
  std::span<const ItemId> positions;  // candidates, each once for a query
  std::span<const float> weights;
  double sharpness = 1.0;
};

/// What a score becomes with a weight; one below 0 is what is added to the score itself. At most 1
/// where it was.
float joined_score(float score, float weight, double sharpness);

/// Writes what the weight of each listed candidate adds to the score of vectors, (listed,). Of the
/// request only vectors and threads count.
void listed_lifts(const TopKRequest& request, const Listed& listed, float* out, const Poll& poll);

/// Writes the best by whole scores over the best by vectors, each (n_queries, k) as `top_k` leaves
/// them. `request` is that of the search: what may not answer is not put in. The same on any number
/// of threads. Throws std::invalid_argument for lists that do not fit, and whatever `poll` throws.
void add_listed(const TopKRequest& request, const Listed& listed, ItemId* positions, float* scores,
                const Poll& poll);

}  // namespace likewise
