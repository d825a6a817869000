// races.h: the mark of code that races on weights on purpose.
//
// Rows are updated by all threads without locks (Niu et al. 2011, Hogwild): a lost update costs
// less than a lock. The thread sanitizer passes over code with this mark and judges all the rest;
// the kernel files, which do nothing else to weights, are left out of it as a whole
// (CMakeLists.txt).
#pragma once

#if defined(__SANITIZE_THREAD__)
#define LIKEWISE_RACES_BY_DESIGN __attribute__((no_sanitize("thread")))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LIKEWISE_RACES_BY_DESIGN __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef LIKEWISE_RACES_BY_DESIGN
#define LIKEWISE_RACES_BY_DESIGN
#endif
