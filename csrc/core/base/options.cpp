// options.cpp: the one check of the training options.
#include "core/base/options.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

namespace likewise {
namespace {

template <class Value>
[[noreturn]] void refuse(const char* name, const char* wanted, const Value& came) {
  std::ostringstream text;
  text << name << " must be " << wanted << ", got " << came;
  throw std::invalid_argument(text.str());
}

void between(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    const std::string wanted = "between " + std::to_string(low) + " and " + std::to_string(high);
    refuse(name, wanted.c_str(), value);
  }
}

}  // namespace

void check(const Options& o) {
  between("dim", o.dim, 1, 4096);
  between("window", o.window, 1, 1000);
  between("negatives", o.negatives, 1, 1000);
  if (!std::isfinite(o.noise_exponent) || std::abs(o.noise_exponent) > 10) {
    refuse("noise_exponent", "a finite number between -10 and 10", o.noise_exponent);
  }
  between("epochs", o.epochs, 1, 1000000);
  if (!(o.learning_rate > 0) || !std::isfinite(o.learning_rate)) {
    refuse("learning_rate", "a finite number above 0", o.learning_rate);
  }
  if (!(o.min_learning_rate >= 0) || !(o.min_learning_rate <= o.learning_rate)) {
    refuse("min_learning_rate", "between 0 and learning_rate", o.min_learning_rate);
  }
  if (!(o.subsample >= 0) || !(o.subsample <= 1)) {
    refuse("subsample", "between 0 (off) and 1", o.subsample);
  }
  between("min_count", o.min_count, 1, 1000000000);
  if (!o.content && !o.own_row) {
    refuse("own_row", "true when content is false: an item needs one of them", "false");
  }
  if (!(o.id_dropout >= 0) || !(o.id_dropout < 1)) {
    refuse("id_dropout", "at least 0 and below 1", o.id_dropout);
  }
  if (o.context != "item" && o.context != "content") {
    refuse("context", "\"item\" or \"content\"", '"' + o.context + '"');
  }
  if (o.context == "content" && !o.content) {
    refuse("context", "\"item\" when content is false", '"' + o.context + '"');
  }
  between("buckets", o.buckets, 0, 1LL << 30);
  between("min_n", o.min_n, 0, 32);
  between("max_n", o.max_n, 0, 32);
  if ((o.min_n == 0) != (o.max_n == 0) || o.min_n > o.max_n) {
    refuse("min_n", "at most max_n, and 0 exactly when max_n is 0", o.min_n);
  }
  between("word_ngrams", o.word_ngrams, 1, 5);
  between("stretch", o.stretch, 0, 1LL << 40);
  between("threads", o.threads, 0, 4096);
}

}  // namespace likewise
