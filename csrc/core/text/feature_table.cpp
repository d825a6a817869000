// feature_table.cpp: slices of the catalogue are read by one thread each, with token numbers of
// their own; the numbers are then merged in the order of the slices, which is the order of the
// catalogue, so that the number of threads leaves no trace.
#include "core/text/feature_table.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <exception>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "core/base/page_allocator.h"
#include "core/base/workers.h"
#include "core/text/hash_numbers.h"
#include "core/text/hashing.h"
#include "core/text/item_text.h"
#include "core/text/ngrams.h"

namespace likewise {
namespace {

void check(const char* name, const StringColumn& column) {
  std::int64_t before = 0;
  for (const std::int64_t offset : column.offsets) {
    if (offset < before || offset > static_cast<std::int64_t>(column.bytes.size())) {
      throw std::invalid_argument(std::string(name) + "_offsets must not decrease nor exceed the " +
                                  std::to_string(column.bytes.size()) + " bytes there are, got " +
                                  std::to_string(offset) + " after " + std::to_string(before));
    }
    before = offset;
  }
}

std::uint64_t token_hash(Namespace space, std::string_view text) {
  return hash64(text, static_cast<std::uint64_t>(space));
}

/// Runs work(0) to work(count - 1), each on a thread of its own, and rethrows the first error.
template <class Work>
void run_each(std::size_t count, const Work& work) {
  std::exception_ptr error;
  std::mutex guard;
  const auto guarded = [&](std::size_t i) {
    try {
      work(i);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(guard);
      if (!error) error = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(count);
  std::size_t started = 1;
  try {
    for (; started < count; ++started) threads.emplace_back(guarded, started);
  } catch (const std::system_error&) {
    // The system gives no more threads: what is left is done here.
  }
  guarded(0);
  for (std::size_t i = started; i < count; ++i) guarded(i);
  for (std::thread& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
}

/// count + 1 borders that cut [0, n) into pieces of about equal weight; weight_before(i) is the
/// weight of the first i things.
template <class Weight>
std::vector<std::size_t> even_cuts(std::size_t n, std::size_t count, const Weight& weight_before) {
  std::vector<std::size_t> cuts{0};
  for (std::size_t piece = 1; piece < count; ++piece) {
    const auto goal = weight_before(n) / count * piece;
    std::size_t low = cuts.back(), high = n;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (weight_before(middle) < goal)
        low = middle + 1;
      else
        high = middle;
    }
    cuts.push_back(low);
  }
  cuts.push_back(n);
  return cuts;
}

/// One slice of the catalogue, with token numbers of its own.
class alignas(64) Slice {
 public:
  template <class T>
  using List = std::vector<T, PageAllocator<T>>;
  List<std::int32_t> sizes;  // entries per item
  List<std::int32_t> tokens;
  List<std::uint8_t> kinds;
  std::vector<std::uint64_t> hashes;  // per token, by first appearance
  std::vector<std::uint8_t> namespaces;
  HashNumbers numbers;

  void read(const StringColumn& categories, const StringColumn& names, const Recipe& recipe,
            std::size_t begin, std::size_t end) {
    sizes.reserve(end - begin);
    ItemReader reader(recipe.version);
    Words words;
    for (std::size_t item = begin; item < end; ++item) {
      const std::size_t before = tokens.size();
      const Category category = known_category(categories[item], reader);
      for (auto i = category.begin; i < category.words; ++i) {
        enter(category_tokens_[i], Kind::kCategory);
      }
      reader.name(names[item], words);
      for (std::size_t i = 0; i < words.size(); ++i) {
        enter(number(Namespace::kWord, words[i]), Kind::kNameWord);
      }
      if (recipe.word_ngrams > 1) {
        visit_word_ngrams(words, recipe.word_ngrams, [&](std::string_view text) {
          enter(number(Namespace::kWordNgram, text), Kind::kNameNgram);
        });
      }
      for (auto i = category.words; i < category.end; ++i) {
        enter(category_tokens_[i], Kind::kCategoryWord);
      }
      sizes.push_back(static_cast<std::int32_t>(tokens.size() - before));
      ++item_;
    }
  }

  /// The text of a word; other tokens have none, nobody asks for it.
  std::string_view word(std::size_t token) const {
    const std::size_t begin = token == 0 ? 0 : text_ends_[token - 1];
    return {texts_.data() + begin, text_ends_[token] - begin};
  }

 private:
  /// A category seen before: its bytes, and its tokens [begin, words) paths, [words, end) words.
  struct Category {
    std::string_view text;
    std::size_t begin, words, end;
  };

  std::int32_t number(Namespace space, std::string_view text) {
    const std::uint64_t hash = token_hash(space, text);
    const std::int32_t found = numbers.find_or_add(hash, hashes.size());
    if (static_cast<std::size_t>(found) == hashes.size()) {
      hashes.push_back(hash);
      namespaces.push_back(static_cast<std::uint8_t>(space));
      if (space == Namespace::kWord) texts_.append(text);
      text_ends_.push_back(texts_.size());
      last_item_.push_back(-1);
    }
    return found;
  }

  void enter(std::int32_t token, Kind kind) {
    std::int32_t& last = last_item_[static_cast<std::size_t>(token)];
    if (last == item_) return;
    last = item_;
    tokens.push_back(token);
    kinds.push_back(static_cast<std::uint8_t>(kind));
  }

  Category known_category(std::string_view text, ItemReader& reader) {
    const auto known = static_cast<std::size_t>(
        category_numbers_.find_or_add(hash64(text, 0), categories_.size()));
    if (known < categories_.size() && categories_[known].text == text) return categories_[known];
    reader.category(text, category_text_);
    Category category{text, category_tokens_.size(), 0, 0};
    for (const std::string& path : category_text_.paths) {
      category_tokens_.push_back(number(Namespace::kCategory, path));
    }
    category.words = category_tokens_.size();
    for (std::size_t i = 0; i < category_text_.words.size(); ++i) {
      category_tokens_.push_back(number(Namespace::kWord, category_text_.words[i]));
    }
    category.end = category_tokens_.size();
    if (known == categories_.size()) categories_.push_back(category);
    return category;
  }

  std::string texts_;
  std::vector<std::size_t> text_ends_;
  std::vector<std::int32_t> last_item_;  // per token: the item that it was entered for last
  std::int32_t item_ = 0;
  HashNumbers category_numbers_;
  std::vector<Category> categories_;
  std::vector<std::int32_t> category_tokens_;
  CategoryText category_text_;
};

/// Rows for n-grams: a power of two, at least half the number of distinct ones, which is counted
/// by the upper 24 bits of their hashes. More rows cost memory, fewer cost collisions.
class BucketChooser {
 public:
  BucketChooser() : seen_(kBits / 64) {}

  void add(std::uint32_t upper) {
    const std::uint32_t bit = upper >> 8;
    const std::uint64_t mask = std::uint64_t{1} << (bit & 63);
    std::atomic<std::uint64_t>& cell = seen_[bit / 64];
    if ((cell.load(std::memory_order_relaxed) & mask) == 0) {
      cell.fetch_or(mask, std::memory_order_relaxed);
    }
  }

  std::int64_t choose() const {
    std::uint64_t distinct = 0;
    for (const auto& cell : seen_) {
      distinct += static_cast<unsigned>(std::popcount(cell.load(std::memory_order_relaxed)));
    }
    const auto wanted = static_cast<std::int64_t>(std::bit_ceil((distinct + 1) / 2));
    return std::clamp<std::int64_t>(wanted, 1 << 10, 1 << 21);
  }

 private:
  static constexpr std::size_t kBits = std::size_t{1} << 24;
  std::vector<std::atomic<std::uint64_t>> seen_;
};

/// A token of the whole catalogue is first met in a slice, under a number of that slice.
struct Home {
  std::uint32_t slice;
  std::int32_t token;
};

void add_ngrams(const std::vector<Slice>& slices, const std::vector<Home>& homes,
                const Recipe& recipe, std::size_t threads, FeatureTable& table) {
  const std::size_t n = homes.size();
  table.ngram_offsets.assign(n + 1, 0);
  table.buckets = recipe.buckets == 0 ? 1 << 10 : recipe.buckets;
  if (recipe.max_n == 0) return;
  BucketChooser chooser;
  const std::size_t pieces = std::clamp<std::size_t>(n / 1024, 1, threads);
  const auto cuts = even_cuts(n, pieces, [](std::size_t i) { return i; });
  std::vector<std::vector<std::uint32_t>> uppers(pieces);
  run_each(pieces, [&](std::size_t piece) {
    NgramReader reader(recipe);
    for (std::size_t t = cuts[piece]; t < cuts[piece + 1]; ++t) {
      if (table.token_namespaces[t] != static_cast<std::uint8_t>(Namespace::kWord)) continue;
      const Slice& slice = slices[homes[t].slice];
      const auto& ngrams = reader.read(slice.word(static_cast<std::size_t>(homes[t].token)));
      for (const Ngram& ngram : ngrams) {
        const std::uint32_t upper = upper_half(ngram.hash);
        if (recipe.buckets == 0) chooser.add(upper);
        uppers[piece].push_back(upper);
      }
      table.ngram_offsets[t + 1] = static_cast<std::int64_t>(ngrams.size());
    }
  });
  if (recipe.buckets == 0) table.buckets = chooser.choose();
  for (std::size_t t = 0; t < n; ++t) table.ngram_offsets[t + 1] += table.ngram_offsets[t];
  table.ngram_rows.resize(static_cast<std::size_t>(table.ngram_offsets[n]));
  run_each(pieces, [&](std::size_t piece) {
    auto row = table.ngram_rows.begin() + table.ngram_offsets[cuts[piece]];
    const auto buckets = static_cast<std::uint32_t>(table.buckets);
    for (const std::uint32_t upper : uppers[piece]) *row++ = reduce_row(upper, buckets);
  });
}

}  // namespace

FeatureTable build_features(const StringColumn& categories, const StringColumn& names,
                            const Recipe& recipe, int threads) {
  check(recipe);
  check("category", categories);
  check("name", names);
  const std::size_t n = names.size();
  if (categories.size() != n) {
    throw std::invalid_argument("category_offsets must have as many items as name_offsets (" +
                                std::to_string(n) + "), got " + std::to_string(categories.size()));
  }
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw std::invalid_argument("a catalogue has at most 2147483647 items, got " +
                                std::to_string(n));
  }
  const auto workers = static_cast<std::size_t>(thread_count(threads));

  // A byte of name costs about as much as any other; an item costs about 32 bytes by itself.
  const std::size_t pieces = std::clamp<std::size_t>(n / 1024, 1, workers);
  const auto cuts = even_cuts(n, pieces, [&](std::size_t i) {
    return i * 32 + (n == 0 ? 0 : static_cast<std::size_t>(names.offsets[i] - names.offsets[0]));
  });
  std::vector<Slice> slices(pieces);
  run_each(pieces,
           [&](std::size_t s) { slices[s].read(categories, names, recipe, cuts[s], cuts[s + 1]); });

  // The first slice's numbers stay; each later slice adds what is new in it, in its order.
  FeatureTable table;
  table.token_hashes = slices[0].hashes;
  table.token_namespaces = slices[0].namespaces;
  std::vector<Home> homes(table.token_hashes.size());
  for (std::size_t t = 0; t < homes.size(); ++t) homes[t] = {0, static_cast<std::int32_t>(t)};
  std::vector<std::vector<std::int32_t>> renumbered(pieces);
  std::vector<std::size_t> entries_before(pieces + 1, 0);
  for (std::size_t s = 0; s < pieces; ++s) {
    entries_before[s + 1] = entries_before[s] + slices[s].tokens.size();
    if (s == 0) continue;
    for (std::size_t t = 0; t < slices[s].hashes.size(); ++t) {
      const std::int32_t number =
          slices[0].numbers.find_or_add(slices[s].hashes[t], table.token_hashes.size());
      if (static_cast<std::size_t>(number) == table.token_hashes.size()) {
        table.token_hashes.push_back(slices[s].hashes[t]);
        table.token_namespaces.push_back(slices[s].namespaces[t]);
        homes.push_back({static_cast<std::uint32_t>(s), static_cast<std::int32_t>(t)});
      }
      renumbered[s].push_back(number);
    }
  }

  table.item_offsets.assign(n + 1, 0);
  table.item_tokens.resize(entries_before[pieces]);
  table.item_kinds.resize(entries_before[pieces]);
  run_each(pieces, [&](std::size_t s) {
    const Slice& slice = slices[s];
    auto offset = static_cast<std::int64_t>(entries_before[s]);
    for (std::size_t i = 0; i < slice.sizes.size(); ++i) {
      offset += slice.sizes[i];
      table.item_offsets[cuts[s] + i + 1] = offset;
    }
    const auto at = static_cast<std::ptrdiff_t>(entries_before[s]);
    std::copy(slice.kinds.begin(), slice.kinds.end(), table.item_kinds.begin() + at);
    std::transform(
        slice.tokens.begin(), slice.tokens.end(), table.item_tokens.begin() + at,
        [&](std::int32_t t) { return s == 0 ? t : renumbered[s][static_cast<std::size_t>(t)]; });
  });
  add_ngrams(slices, homes, recipe, workers, table);
  return table;
}

std::vector<Token> tokens_of(std::string_view category, std::string_view name,
                             const Recipe& recipe) {
  check(recipe);
  ItemReader reader(recipe.version);
  CategoryText category_text;
  reader.category(category, category_text);
  Words words;
  reader.name(name, words);
  std::vector<Token> tokens;
  HashNumbers seen;
  const auto enter = [&](Kind kind, Namespace space, std::string_view text) {
    const std::uint64_t hash = token_hash(space, text);
    if (static_cast<std::size_t>(seen.find_or_add(hash, tokens.size())) == tokens.size()) {
      tokens.push_back({kind, std::string(text), hash});
    }
  };
  for (const auto& path : category_text.paths) enter(Kind::kCategory, Namespace::kCategory, path);
  for (std::size_t i = 0; i < words.size(); ++i) {
    enter(Kind::kNameWord, Namespace::kWord, words[i]);
  }
  visit_word_ngrams(words, recipe.word_ngrams, [&](std::string_view text) {
    enter(Kind::kNameNgram, Namespace::kWordNgram, text);
  });
  for (std::size_t i = 0; i < category_text.words.size(); ++i) {
    enter(Kind::kCategoryWord, Namespace::kWord, category_text.words[i]);
  }
  return tokens;
}

}  // namespace likewise
