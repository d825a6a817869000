// block_independent.cpp: the step of a block whose pairs draw negatives of their own.
#include <cstring>

#include "core/training/block.h"

namespace likewise {

// The reference for shared negatives: fresh draws for every pair, written as they come.
void Workspace::train_independent(const PreparedBlock& prepared, float rate, double* loss) {
  const std::size_t stride = sides_.stride;
  Scratch drawn_memory, gradient_memory;
  float* drawn = drawn_memory.reserve(stride);
  float* gradient = gradient_memory.reserve(stride);
  TokenSlots slots(sides_.context);
  RowList rows;
  Rng rng = prepared.block.rng;
  for (const Part& part : parts_) {
    for (std::size_t i = 0; i < part.centers(); ++i) {
      const Center& center = part.half->centers[i];
      TrueSpan span;
      bend_true_pairs(part, i, 1, center.low, center.high, rate, &span);
    }
  }
  // The draws are not known yet: they are taken to be like the contexts.
  for (float& curvature : center_.curvatures) curvature *= 1.0F + negatives_;
  choose_targets(prepared.centers, center_);
  choose_targets(prepared.contexts, context_);
  for (const Part& part : parts_) {
    for (std::size_t c = 0; c < part.centers(); ++c) {
      const Center& center = part.half->centers[c];
      const std::size_t i = part.first_center + c;
      const float* middle = center_.rows[i];
      const auto learn = [&](const float* context, float* context_out, float scale, float weight,
                             bool positive) {
        float scores[kLine] = {}, unused[kLine] = {}, weights[kLine] = {weight};
        const float* columns[kScorePadding] = {context, nothing_, nothing_, nothing_};
        kernels_.scores(middle, 1, columns, 1, stride, scores, kLine);
        if (loss != nullptr) {
          *loss += static_cast<double>(weight) *
                   softplus(static_cast<double>(positive ? -scores[0] : scores[0]));
        }
        if (positive) {
          const TrueSpan span{0, 1, weights};
          kernels_.positive_steps(scores, kLine, 1, 1, &span, rate);
        } else {
          kernels_.negative_steps(scores, unused, kLine, 1, 1, weights, unused, &rate);
        }
        const Terms to_center{scores, 0, 0, columns, 1};
        const Terms to_context{scores, 0, 0, center_.rows.data() + i, 1};
        kernels_.accumulate(&center_.out[i], &center_.scales[i], 1, &to_center, 1, stride);
        kernels_.accumulate(&context_out, &scale, 1, &to_context, 1, stride);
      };
      for (std::size_t at = center.low; at < center.high; ++at) {
        if (at == center.place) continue;
        const std::size_t j = part.first_context + at;
        const float weight = *(weight_at_ + at - center.place);
        learn(context_.vectors + j * stride, context_.out[j], context_.scales[j], weight, true);
        for (int draw = 0; draw < static_cast<int>(negatives_); ++draw) {
          const ItemId item = noise_.draw(rng);
          if (item == part.half->contexts[at]) continue;
          slots.start_list();
          rows.clear();
          rows.add(sides_.context, item, true, slots);
          kernels_.compose(drawn, rows.rows(0), rows.weights(0), rows.count(0), stride);
          std::memset(gradient, 0, stride * sizeof(float));
          learn(drawn, gradient, 1.0F, weight, false);
          kernels_.scatter(gradient, rows.rows(0), rows.weights(0), rows.count(0), stride);
        }
      }
    }
  }
}

}  // namespace likewise
