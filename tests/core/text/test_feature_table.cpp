// test_feature_table.cpp: the table against the list of tokens, threads, columns that make no
// sense.
#include "core/text/feature_table.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "check.h"
#include "core/base/page_allocator.h"
#include "core/text/hashing.h"
#include "core/text/ngrams.h"

using namespace likewise;

namespace {

/// Owns what a StringColumn borrows.
struct Strings {
  std::vector<std::int64_t> offsets{0};
  std::vector<std::uint8_t> bytes;
  void add(std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    offsets.push_back(static_cast<std::int64_t>(bytes.size()));
  }
  StringColumn column() const { return {offsets, bytes}; }
};

struct Shop {
  Strings categories, names;
  explicit Shop(std::size_t items) {
    for (std::size_t i = 0; i < items; ++i) {
      categories.add("Toys > Kind " + std::to_string(i % 37) +
                     (i % 5 == 0 ? "\nSale &gt; <b>Toys</b> > Kind 1" : ""));
      names.add("Big wörd" + std::to_string(i * i % 911) + " no" + std::to_string(i % 5000) +
                (i % 3 == 0 ? " Çay 手机" : " tea&#39;s 0,5"));
    }
  }
  FeatureTable table(const Recipe& recipe, int threads) const {
    return build_features(categories.column(), names.column(), recipe, threads);
  }
};

std::size_t at(std::int64_t offset) {
  return static_cast<std::size_t>(offset);
}

void the_table_lists_the_tokens_of_each_item(std::int64_t version) {
  const Shop shop(500);
  Recipe recipe;
  recipe.version = version;
  recipe.word_ngrams = 2;
  recipe.buckets = 999;
  const FeatureTable table = shop.table(recipe, 1);
  NgramReader reader(recipe);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto tokens = tokens_of(shop.categories.column()[i], shop.names.column()[i], recipe);
    const std::size_t first = at(table.item_offsets[i]);
    CHECK(at(table.item_offsets[i + 1]) - first == tokens.size());
    for (std::size_t k = 0; k < tokens.size(); ++k) {
      const auto token = static_cast<std::size_t>(table.item_tokens[first + k]);
      CHECK(table.item_kinds[first + k] == static_cast<std::uint8_t>(tokens[k].kind));
      CHECK(table.token_hashes[token] == tokens[k].hash);
      const std::size_t row = at(table.ngram_offsets[token]);
      const std::size_t rows = at(table.ngram_offsets[token + 1]) - row;
      const bool word = tokens[k].kind == Kind::kNameWord || tokens[k].kind == Kind::kCategoryWord;
      if (!word) {
        CHECK(rows == 0);
        continue;
      }
      const auto& ngrams = reader.read(tokens[k].text);
      CHECK(rows == ngrams.size());
      for (std::size_t r = 0; r < rows; ++r) {
        CHECK(table.ngram_rows[row + r] == reduce_row(upper_half(ngrams[r].hash), 999));
      }
    }
  }
}

void threads_leave_no_trace() {
  const Shop shop(10000);
  const FeatureTable one = shop.table({}, 1);
  for (const int threads : {2, 3, 7}) {
    const FeatureTable more = shop.table({}, threads);
    CHECK(one.item_offsets == more.item_offsets);
    CHECK(one.item_tokens == more.item_tokens);
    CHECK(one.item_kinds == more.item_kinds);
    CHECK(one.token_hashes == more.token_hashes);
    CHECK(one.token_namespaces == more.token_namespaces);
    CHECK(one.ngram_offsets == more.ngram_offsets);
    CHECK(one.ngram_rows == more.ngram_rows);
    CHECK(one.buckets == more.buckets);
  }
  CHECK(one.buckets >= 1 << 10);
  CHECK(*std::max_element(one.ngram_rows.begin(), one.ngram_rows.end()) < one.buckets);
}

void ngrams_of_a_word() {
  const auto read = [](std::string_view word, std::int64_t low, std::int64_t high) {
    Recipe recipe;
    recipe.min_n = low;
    recipe.max_n = high;
    NgramReader reader(recipe);
    std::string all;
    for (const Ngram& ngram : reader.read(word)) all.append(ngram.text).append("|");
    return all;
  };
  CHECK(read("dog", 3, 4) == "<do|<dog|dog|dog>|og>|");
  CHECK(read("a", 3, 6).empty());
  CHECK(read("a", 1, 3) == "<a|a|a>|");
  CHECK(read("aaaa", 2, 2) == "<a|aa|a>|");
  CHECK(read("éß", 2, 3) == "<é|<éß|éß|éß>|ß>|");
  CHECK(read("dog", 0, 0).empty());
  NgramReader reader({});
  const std::string edge(62, 'x'), over(63, 'x');
  CHECK(reader.read(edge).back().text == "xx>");  // 64 code points with its marks
  CHECK(reader.read(over).back().text == "xxxxxx");
  CHECK(reader.read(std::string(1 << 20, 'x')).size() == 8);
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "😀";
  CHECK(reader.read(wide).size() == 8);
}

void columns_that_make_no_sense() {
  Strings categories, names;
  categories.add("a");
  names.add("b");
  const auto build = [&] { return build_features(categories.column(), names.column(), {}, 1); };
  CHECK(build().token_hashes.size() == 3);
  names.add("c");
  CHECK_THROWS(build(), std::invalid_argument);
  categories.add("d");
  names.offsets = {0, 2, 1};
  CHECK_THROWS(build(), std::invalid_argument);
  names.offsets = {0, 1, 99};
  CHECK_THROWS(build(), std::invalid_argument);
  Recipe recipe;
  for (const std::int64_t version : {0, 3}) {
    recipe.version = version;
    CHECK_THROWS(check(recipe), std::invalid_argument);
  }
  recipe = {};
  recipe.min_n = 7;
  CHECK_THROWS(check(recipe), std::invalid_argument);
  const Strings none;
  const FeatureTable empty = build_features(none.column(), none.column(), {}, 4);
  CHECK(empty.item_offsets == std::vector<std::int64_t>{0});
  CHECK(empty.ngram_offsets == std::vector<std::int64_t>{0});
}

// Short lists, long ones, and those that grow from one to the other.
void lists_in_pages_of_their_own() {
  std::vector<std::int32_t, PageAllocator<std::int32_t>> list;
  for (std::int32_t i = 0; i < 300000; ++i) list.push_back(i);
  auto moved = std::move(list);
  const auto copy = moved;
  moved.assign(5, -1);
  moved.shrink_to_fit();
  CHECK(moved.size() == 5 && moved.back() == -1);
  std::vector<std::int32_t> numbers(300000);
  std::iota(numbers.begin(), numbers.end(), 0);
  CHECK(std::equal(copy.begin(), copy.end(), numbers.begin(), numbers.end()));
  PageAllocator<std::int64_t> refuses;
  CHECK_THROWS(refuses.allocate(std::size_t{1} << 61), std::bad_alloc);
}

}  // namespace

int main() {
  lists_in_pages_of_their_own();
  the_table_lists_the_tokens_of_each_item(1);
  the_table_lists_the_tokens_of_each_item(2);
  threads_leave_no_trace();
  ngrams_of_a_word();
  columns_that_make_no_sense();
  return likewise_check::failures();
}
