# SPDX-License-Identifier: Apache-2.0
"""AutoARIMA of statsforecast on ray-ets series, in series a second of processor time (after a first call).

  python3 tools/reference/arima_speed.py SERIES      needs statsforecast (PyPI)
Series i: length uniform in 50..500, y = 10 + day of week + uniform(0, 0.5), no season told (m = 1).
"""
import random
import sys
import time

import numpy
from statsforecast.models import AutoARIMA


def series(i):
    stream = random.Random(i)
    return numpy.array([10 + t % 7 + stream.random() / 2 for t in range(stream.randint(50, 500))])


def main():
    count = int(sys.argv[1])
    model = AutoARIMA(season_length=1)
    model.forecast(series(0), 7)
    begin = time.process_time()
    for i in range(1, count + 1):
        model.forecast(series(i), 7)
    seconds = time.process_time() - begin
    print(f"statsforecast AutoARIMA: {count} series, {count / seconds:.2f} series/s")


if __name__ == "__main__":
    main()
