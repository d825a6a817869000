// schedule.h: the learning rate as a pure function of how much of training is done.
#pragma once

#include <algorithm>

namespace likewise {

/// Linear from `first` at progress 0 to `last` at progress 1.
constexpr float learning_rate(double first, double last, double progress) {
  return static_cast<float>(first + std::clamp(progress, 0.0, 1.0) * (last - first));
}

}  // namespace likewise
