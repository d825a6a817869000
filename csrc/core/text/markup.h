// markup.h: text as it reads, without the HTML that it was written in. Recipe version 2 begins so.
//
// In this order: tags are dropped; references are resolved, twice, since feeds are escaped twice;
// tags are dropped again, as some were escaped themselves.
//
// references: &#233; &#xE9; &eacute; and the other names of the HTML standard, with their
// semicolon. Numbers 128 to 159 mean Windows-1252, as they do in browsers. A reference to a control
// or to no character (0, surrogates, above 10FFFF) is a blank. All else stays: a bare &, names that
// nobody knows, and names without a semicolon, which "guitar &amp strap" does not mean.
//
// tags: '<' or '</', the name of an HTML element in either case, and '>', before another '<' and
// within kMaxTag bytes. Between name and '>' there is nothing, blanks and slashes, or, in a tag
// that opens, blanks or slashes and attributes: something with a '='. Names are those of elements
// that text is written with (markup.cpp lists them), so that <iPhone 13>, <Blue> and <table lamp>
// stay, as do "a < b", "<3" and "x<5". Elements within a line, such as b, span and sup, and
// comments
// <!-- --> vanish: m<sup>2</sup> is m2. Those that begin a line or stand for something, such as br,
// p, li and img, leave a blank.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace likewise {

inline constexpr std::size_t kMaxTag = 1000;  // bytes from '<' to '>', comments too

/// Reads text without its markup. Holds scratch memory: one per thread.
class MarkupReader {
 public:
  /// The text itself where it has no markup, which costs a look; else it is valid until the next
  /// call.
  std::string_view read(std::string_view text);

 private:
  std::string text_, next_;
};

}  // namespace likewise
