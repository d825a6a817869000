// module.cpp: the table of contents of likewise._core. Docs and defaults live in Python.
#include <pybind11/pybind11.h>

#include "bindings/registers.h"

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of likewise. Private: use the likewise package.";
  likewise::bindings::register_options(m);
  likewise::bindings::register_kernels(m);
  likewise::bindings::register_features(m);
  likewise::bindings::register_composer(m);
  likewise::bindings::register_training(m);
  likewise::bindings::register_retrieval(m);
  likewise::bindings::register_co_occurrence(m);
  likewise::bindings::register_pairs(m);
  likewise::bindings::register_score(m);
  likewise::bindings::register_tables(m);
  likewise::bindings::register_checksums(m);
}
