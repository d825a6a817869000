// test_kinds.cpp: a table of three tokens without one kind, by hand, and what is refused.
#include "core/text/kinds.h"

#include <stdexcept>
#include <vector>

#include "check.h"

using namespace likewise;

namespace {

// Two items: the first has tokens 0 (kind 0), 1 (kind 1), 2 (kind 3), the second 2 (kind 1).
FeatureTable small_table() {
  FeatureTable table;
  table.item_offsets = {0, 3, 4};
  table.item_tokens = {0, 1, 2, 2};
  table.item_kinds = {0, 1, 3, 1};
  table.token_hashes = {70, 71, 72};
  table.token_namespaces = {0, 1, 1};
  table.ngram_offsets = {0, 0, 2, 3};
  table.ngram_rows = {5, 6, 7};
  return table;
}

FeatureSpans spans(const FeatureTable& table) {
  return {table.item_offsets,     table.item_tokens,   table.item_kinds, table.token_hashes,
          table.token_namespaces, table.ngram_offsets, table.ngram_rows};
}

void entries_and_their_tokens_go() {
  const FeatureTable table = small_table();
  const FeatureTable found = keep_kinds(spans(table), 0b1010);  // words and words of categories
  CHECK((found.item_offsets == std::vector<std::int64_t>{0, 2, 3}));
  CHECK((found.item_tokens == std::vector<std::int32_t>{0, 1, 1}));
  CHECK((found.item_kinds == std::vector<std::uint8_t>{1, 3, 1}));
  CHECK((found.token_hashes == std::vector<std::uint64_t>{71, 72}));
  CHECK((found.ngram_offsets == std::vector<std::int64_t>{0, 2, 3}));
  CHECK((found.ngram_rows == std::vector<std::int32_t>{5, 6, 7}));
  CHECK(keep_kinds(spans(table), 0b0111).token_hashes == table.token_hashes);  // 2 has kind 1 too
  CHECK(keep_kinds(spans(table), 0).token_hashes.empty());
}

void what_does_not_fit_is_refused() {
  const auto refuses = [](const FeatureTable& table) {
    CHECK_THROWS(keep_kinds(spans(table), 1), std::invalid_argument);
  };
  FeatureTable table = small_table();
  table.item_tokens[1] = 3;
  refuses(table);
  table.item_tokens[1] = -1;
  refuses(table);
  table = small_table();
  table.item_offsets = {0, 5, 4};
  refuses(table);
  table = small_table();
  table.ngram_offsets = {0, 2, 3};
  refuses(table);
  table = small_table();
  table.item_kinds.pop_back();
  refuses(table);
}

}  // namespace

int main() {
  entries_and_their_tokens_go();
  what_does_not_fit_is_refused();
  return likewise_check::failures();
}
