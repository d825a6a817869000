// test_trainer.cpp: whole trainings by several threads: what is learned, how they end.
//
// Run under the thread sanitizer, too: weights race by design, nothing else may.
#include "core/training/trainer.h"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "core/training/hot_rows.h"
#include "tiny_corpus.h"

using namespace likewise;

namespace {

const OnProgress kQuiet = [](const Progress&) {};

Options small_options() {
  Options options;
  options.dim = 12;
  options.epochs = 4;
  options.window = 3;
  options.learning_rate = 0.02;  // a tiny shop: many threads meet on every row
  return options;
}

double cosine(const Table& table, std::size_t a, std::size_t b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t d = 0; d < table.dim(); ++d) {
    const double x = static_cast<double>(table.row(a)[d]), y = static_cast<double>(table.row(b)[d]);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

bool padding_is_zero(const Table& table) {
  for (std::size_t i = 0; i < table.rows(); ++i) {
    for (std::size_t d = table.dim(); d < padded(table.dim()); ++d) {
      if (table.row(i)[d] != 0.0F) return false;
    }
  }
  return true;
}

// Rows of a pair of tables take turns, and are the same after the two have been separated. The
// larger case leaves in several pieces.
void pairs_are_separated(std::size_t rows, std::size_t dim) {
  Table first, second;
  Table::side_by_side(rows, dim, first, second);
  first.fill_uniform(1.0F, 1);
  second.fill_uniform(1.0F, 2);
  CHECK(first.rows() == rows && second.rows() == rows && second.dim() == dim);
  if (rows > 1) CHECK(first.row(1) == second.row(0) + padded(dim));
  Table one(rows, dim), two(rows, dim);
  one.fill_uniform(1.0F, 1);
  two.fill_uniform(1.0F, 2);
  CHECK(rows == 0 || (padding_is_zero(first) && padding_is_zero(second)));
  Table::separate(first, second, 2);
  CHECK(first.stride() == dim || rows == 0);
  bool same = true;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t d = 0; d < dim; ++d) {
      same &= first.row(i)[d] == one.row(i)[d] && second.row(i)[d] == two.row(i)[d];
    }
  }
  CHECK(same);
}

// Items of a group are alike afterwards, those of different groups are not.
void groups_are_learned(const TinyCorpus& corpus, const Options& options) {
  std::vector<Progress> records;
  Weights weights = train(corpus.input(options.content), options,
                          [&](const Progress& progress) { records.push_back(progress); });
  add_content_to_own(corpus.input(options.content).features, weights, 2, [] {});
  double same = 0, other = 0;
  for (std::size_t i = 0; i + 5 < corpus.counts.size(); ++i) {
    same += cosine(weights.center_own, i, i + TinyCorpus::kGroups);
    other += cosine(weights.center_own, i, i + 1);
  }
  const double n = static_cast<double>(corpus.counts.size() - 5);
  CHECK(same / n > other / n + 0.3);
  for (const Table* table : {&weights.center_own, &weights.context_own, &weights.center_tokens,
                             &weights.center_ngrams}) {
    CHECK(padding_is_zero(*table));
  }

  CHECK(!records.empty());
  const Progress& last = records.back();
  CHECK(last.events_done == last.events_total);
  CHECK(last.events_total == options.epochs * static_cast<std::int64_t>(corpus.items.size()));
  CHECK(last.epoch == options.epochs - 1);
  CHECK(std::isfinite(last.loss_per_pair) && last.loss_per_pair > 0);
  std::int64_t before = 0;
  for (const Progress& record : records) {
    CHECK(record.events_done >= before);
    before = record.events_done;
  }
}

void every_kind_of_model_by_several_threads() {
  const TinyCorpus corpus(40, 1200, 8);
  for (const std::int64_t threads : {1, 2, 4}) {
    for (const char* kind : {"content", "identity", "content only", "context", "independent"}) {
      Options options = small_options();
      options.threads = threads;
      const std::string name = kind;
      if (name == "identity") {
        options.content = false;
        options.epochs = 10;  // it begins near zero, and threads write over each other
      }
      if (name == "content only") options.own_row = false;
      if (name == "context") options.context = "content";
      if (name == "independent") options.shared_negatives = false;
      if (name == "context") options.stretch = 2000;
      groups_are_learned(corpus, options);
    }
  }
}

// Long enough for each thread to have copies of busy rows (hot_rows.h).
void busy_rows_are_copied_and_merged() {
  const TinyCorpus corpus(40, 8000, 8);
  for (const int threads : {2, 4}) {
    const std::size_t blocks = corpus.items.size() / (2 * kHalfCenters) / threads;
    CHECK(merge_every(blocks - 32, threads) > 0);
    for (const char* context : {"item", "content"}) {
      Options options = small_options();
      options.threads = threads;
      options.epochs = 1;
      options.context = context;
      groups_are_learned(corpus, options);
    }
  }
}

void one_thread_is_bit_equal() {
  const TinyCorpus corpus(40, 300, 8);
  Options options = small_options();
  options.threads = 1;
  const Weights first = train(corpus.input(true), options, kQuiet);
  const Weights second = train(corpus.input(true), options, kQuiet);
  for (std::size_t i = 0; i < first.center_own.rows() * first.center_own.stride(); ++i) {
    CHECK(first.center_own.data()[i] == second.center_own.data()[i]);
    CHECK(first.context_own.data()[i] == second.context_own.data()[i]);
  }
}

// Errors of the callback come out while threads are in the middle of their work.
void the_callback_may_stop_it() {
  const TinyCorpus corpus(40, 3000, 8);
  Options options = small_options();
  options.epochs = 1000000;
  for (const std::int64_t stretch : {0, 1}) {
    options.threads = 3;
    options.stretch = stretch;
    int calls = 0;
    const auto stop = [&](const Progress&) {
      if (++calls == 3) throw std::runtime_error("enough");
    };
    CHECK_THROWS(train(corpus.input(true), options, stop), std::runtime_error);
    CHECK(calls == 3);
  }
}

void overflow_is_told() {
  const TinyCorpus corpus(40, 300, 8);
  for (const std::int64_t threads : {1, 3}) {
    Options options = small_options();
    options.threads = threads;
    options.learning_rate = 1e38;
    std::string text;
    try {
      train(corpus.input(true), options, kQuiet);
    } catch (const Diverged& error) {
      text = error.what();
    }
    CHECK(text.find(" of 4 at learning rate") != std::string::npos);
    CHECK(text.find("learning_rate, from 1e+38") != std::string::npos);
  }
}

void input_that_does_not_fit_is_refused() {
  TinyCorpus corpus(8, 10, 4);
  const Options options = small_options();
  const auto refused = [&](const TrainingInput& input) {
    CHECK_THROWS(train(input, options, kQuiet), std::invalid_argument);
  };
  corpus.items[3] = 8;
  refused(corpus.input(true));
  corpus.items[3] = -1;
  refused(corpus.input(true));
  corpus.items[3] = 0;
  refused(corpus.input(false));  // options want content
  corpus.item_tokens[0] = 1000;
  refused(corpus.input(true));
  corpus.item_tokens[0] = 0;
  TrainingInput few = corpus.input(true);
  few.buckets = 1;
  refused(few);
  Options bad = options;
  bad.dim = 0;
  CHECK_THROWS(train(corpus.input(true), bad, kQuiet), std::invalid_argument);
  train(corpus.input(true), options, kQuiet);
}

}  // namespace

int main() {
  for (const std::size_t rows : {0, 1, 2, 1000}) pairs_are_separated(rows, 12);
  pairs_are_separated(200000, 100);
  every_kind_of_model_by_several_threads();
  busy_rows_are_copied_and_merged();
  one_thread_is_bit_equal();
  the_callback_may_stop_it();
  overflow_is_told();
  input_that_does_not_fit_is_refused();
  return likewise_check::failures();
}
