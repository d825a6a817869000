// item_text.cpp: version by version, what is read before words and levels are.
#include "core/text/item_text.h"

namespace likewise {

void ItemReader::category(std::string_view text, CategoryText& out) {
  out.paths.clear();
  out.words.clear();
  if (version_ == 1) {
    path(text, out);
    return;
  }
  text = markup_.read(text);
  for (;;) {
    const std::size_t end = text.find('\n');
    path(text.substr(0, end), out);
    if (end == text.npos) return;
    text.remove_prefix(end + 1);
  }
}

void ItemReader::path(std::string_view text, CategoryText& out) {
  reader_.levels(text, levels_);
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    reader_.words(levels_[i], out.words);
    if (i == 0) {
      out.paths.push_back(levels_[i]);
    } else {
      out.paths.push_back(out.paths.back() + " > " + levels_[i]);
    }
  }
}

void ItemReader::name(std::string_view text, Words& out) {
  out.clear();
  reader_.words(version_ == 1 ? text : markup_.read(text), out);
}

}  // namespace likewise
