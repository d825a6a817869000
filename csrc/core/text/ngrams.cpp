// ngrams.cpp: see ngrams.h.
#include "core/text/ngrams.h"

#include <algorithm>
#include <bit>

#include "core/text/hashing.h"

namespace likewise {
namespace {

constexpr auto kSeed = static_cast<std::uint64_t>(Namespace::kCharNgram);

}  // namespace

NgramReader::NgramReader(const Recipe& recipe)
    : min_n_(static_cast<std::size_t>(recipe.min_n)),
      max_n_(static_cast<std::size_t>(recipe.max_n)),
      slots_(std::bit_ceil(2 * (kNgramReach + 2) * (max_n_ + 1))) {}

bool NgramReader::first_time(std::uint64_t hash) {
  hash += hash == 0 ? 1 : 0;  // 0 marks a free slot
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == hash) return false;
  }
  slots_[at] = hash;
  return true;
}

const std::vector<Ngram>& NgramReader::read(std::string_view word) {
  ngrams_.clear();
  if (max_n_ == 0) return ngrams_;
  marked_.clear();
  marked_.push_back('<');
  marked_.append(word.substr(0, 4 * kNgramReach));
  marked_.push_back('>');
  starts_.clear();
  for (std::size_t i = 0; i < marked_.size(); ++i) {
    if ((static_cast<unsigned char>(marked_[i]) & 0xC0u) != 0x80) starts_.push_back(i);
  }
  const std::size_t whole = starts_.size();
  starts_.push_back(marked_.size());
  const std::size_t reach = std::min(whole, kNgramReach);
  for (std::size_t first = 0; first < reach; ++first) {
    for (std::size_t n = min_n_; n <= max_n_ && first + n <= reach; ++n) {
      const bool lone_mark = n == 1 && (first == 0 || first + 1 == whole);
      if (n == whole || lone_mark) continue;
      const std::string_view text(marked_.data() + starts_[first],
                                  starts_[first + n] - starts_[first]);
      const std::uint64_t hash = hash64(text, kSeed);
      if (first_time(hash)) ngrams_.push_back({text, hash});
    }
  }
  for (const Ngram& ngram : ngrams_) {  // empties the set: it is larger than what it holds
    std::size_t at = (ngram.hash + (ngram.hash == 0 ? 1 : 0)) & (slots_.size() - 1);
    for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) slots_[at] = 0;
  }
  return ngrams_;
}

}  // namespace likewise
