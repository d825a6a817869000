"""What the benchmarks share: corpora, the machine, the systems compared, one measurement, reports.

Programs import it as ``support``, since Python looks beside the program that it runs; conftest.py
puts the same folder on the path of pytest.
"""
