// signals.h: how a long call in C++ notices Ctrl-C.
#pragma once

#include <pybind11/pybind11.h>

namespace likewise::bindings {

/// Takes the GIL and runs Python's signal handlers; throws when one of them raised.
inline void check_signals() {
  const pybind11::gil_scoped_acquire with_gil;
  if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
}

}  // namespace likewise::bindings
