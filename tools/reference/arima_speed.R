# SPDX-License-Identifier: Apache-2.0
# R's auto.arima on ray-ets series, in series a second of processor time.   Rscript tools/reference/arima_speed.R SERIES
suppressMessages(library(forecast))
count <- as.integer(commandArgs(trailingOnly = TRUE)[1])
set.seed(1)
all <- lapply(seq_len(count), function(i) { n <- sample(50:500, 1); 10 + (seq_len(n) - 1) %% 7 + runif(n, 0, 0.5) })
begin <- proc.time()[1]
for (y in all) forecast(auto.arima(ts(y)), h = 7)
cat(sprintf("R auto.arima: %d series, %.2f series/s\n", count, count / (proc.time()[1] - begin)))
