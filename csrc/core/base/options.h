// options.h: every training option, once: its spelling, its default, its check.
//
// Python's likewise.Options and the command line read the spellings and defaults from here; a test
// compares them. Nothing else belongs in this file.
#pragma once

#include <cstdint>
#include <string>

namespace likewise {

struct Options {
  std::int64_t dim = 100;             // floats in a vector
  std::int64_t window = 5;            // farthest context, in events
  std::int64_t negatives = 5;         // draws per (center, context) pair
  double noise_exponent = 0.25;       // negatives are drawn by count^noise_exponent, any real
  std::int64_t epochs = 20;           // passes over the sessions
  double learning_rate = 0.065;       // step of the first pair
  double min_learning_rate = 0.0001;  // step of the last pair, reached linearly
  double subsample = 0.0;        // frequent items are skipped above this share of events; 0 = off
  std::int64_t min_count = 1;    // events an item needs for an own row
  bool content = true;           // items are composed of their category and name
  bool own_row = true;           // items with history have a row of their own
  double id_dropout = 0.5;       // share of training in which an own row is left out
  std::string context = "item";  // context vectors from "item" rows or from "content"
  std::int64_t buckets = 0;      // rows that n-grams are hashed to; 0 = by the catalogue
  std::int64_t min_n = 3;        // shortest character n-gram; 0 with max_n 0 = no n-grams
  std::int64_t max_n = 6;        // longest character n-gram
  std::int64_t word_ngrams = 1;  // longest run of words that is a feature; 1 = words alone
  bool shared_negatives = true;  // one weighted set of negatives for a block of events
  std::int64_t stretch = 0;      // events for which composed words are held; 0 = by the data
  std::int64_t threads = 0;      // workers; 0 = the cores there are
  std::uint64_t seed = 1;        // one thread and one seed: bit-equal results
};

/// Calls visit(name, field) for every option, in the order of declaration.
template <class SomeOptions, class Visit>
void visit_options(SomeOptions& options, Visit&& visit) {
  visit("dim", options.dim);
  visit("window", options.window);
  visit("negatives", options.negatives);
  visit("noise_exponent", options.noise_exponent);
  visit("epochs", options.epochs);
  visit("learning_rate", options.learning_rate);
  visit("min_learning_rate", options.min_learning_rate);
  visit("subsample", options.subsample);
  visit("min_count", options.min_count);
  visit("content", options.content);
  visit("own_row", options.own_row);
  visit("id_dropout", options.id_dropout);
  visit("context", options.context);
  visit("buckets", options.buckets);
  visit("min_n", options.min_n);
  visit("max_n", options.max_n);
  visit("word_ngrams", options.word_ngrams);
  visit("shared_negatives", options.shared_negatives);
  visit("stretch", options.stretch);
  visit("threads", options.threads);
  visit("seed", options.seed);
}

/// Throws std::invalid_argument naming the option, what was wanted and what came.
void check(const Options& options);

}  // namespace likewise
