// planted_race.cpp: a race on a row outside the kernels, which the thread sanitizer must report.
//
// Built for the thread sanitizer alone: it shows that the exemption of the kernels
// (CMakeLists.txt) does not hide races elsewhere.
#include "core/base/table.h"
#include "core/base/workers.h"

int main() {
  likewise::Table table(1, 16);
  likewise::run_workers(
      2,
      [&](int, const likewise::StopFlag&) {
        for (int i = 0; i < 100000; ++i) table.row(0)[3] += 1.0F;
      },
      [] {});
  return table.row(0)[3] > 0.0F ? 0 : 1;
}
