# SPDX-License-Identifier: Apache-2.0
# Writes the cases of tests/unit/forecast/arima_cases.csv: simulated series, and what R's forecast answers for them.
#   Rscript tools/reference/arima_cases.R > tests/unit/forecast/arima_cases.csv
suppressMessages(library(forecast))
set.seed(20261121)
simulate_one <- function(n, m, order, seasonal, ar, ma, sar, sma, drift) {
  long <- n + 200
  phi <- c(1, if (length(ar)) -ar); big <- c(1, if (length(sar)) c(rep(0, m - 1), -sar))
  theta <- c(1, if (length(ma)) ma); Theta <- c(1, if (length(sma)) c(rep(0, m - 1), sma))
  times <- function(a, b) { r <- rep(0, length(a) + length(b) - 1); for (i in seq_along(a)) r[i - 1 + seq_along(b)] <- r[i - 1 + seq_along(b)] + a[i] * b; r }
  w <- filter(rnorm(long), times(theta, Theta), sides = 1); w[is.na(w)] <- 0
  full <- times(phi, big)
  if (length(full) > 1) w <- filter(w, -full[-1], method = "recursive")
  w <- tail(as.numeric(w), n) * 5 + drift
  if (seasonal[2] > 0) w <- diffinv(w, lag = m)[-(1:m)]
  for (i in seq_len(order[2])) w <- diffinv(w)[-1]
  round(w + 100, 3)
}
cat("method,season,form,loglik,aicc,sigma2,coefficients,means,uppers,values\n")
one <- function(method, y, m, order = NULL, seasonal = c(0, 0, 0), ...) {
  y <- ts(y, frequency = m)
  fit <- if (method == "auto") auto.arima(y) else Arima(y, order = order, seasonal = seasonal, ...)
  f <- forecast(fit, h = 8, level = 95)
  a <- fit$arma
  form <- sprintf("ARIMA(%d,%d,%d)", a[1], a[6], a[2])
  if (a[3] + a[4] + a[7] > 0) form <- sprintf("%s(%d,%d,%d)[%d]", form, a[3], a[7], a[4], a[5])
  if ("intercept" %in% names(coef(fit))) form <- paste(form, "with mean")
  if ("drift" %in% names(coef(fit))) form <- paste(form, "with drift")
  words <- function(x) paste(sprintf("%.8g", as.numeric(x)), collapse = " ")
  cat(method, m, gsub(",", ";", form), sprintf("%.6f", c(fit$loglik, fit$aicc, fit$sigma2)), words(coef(fit)), words(f$mean), words(f$upper), words(y), sep = ",")
  cat("\n")
}
sets <- list(
  list(60, 1, c(1, 0, 0), c(0, 0, 0), 0.7, NULL, NULL, NULL, 0), list(80, 1, c(0, 0, 2), c(0, 0, 0), NULL, c(0.5, 0.3), NULL, NULL, 0),
  list(90, 1, c(2, 0, 1), c(0, 0, 0), c(1.1, -0.4), 0.5, NULL, NULL, 0), list(70, 1, c(1, 1, 1), c(0, 0, 0), 0.6, -0.3, NULL, NULL, 0),
  list(100, 1, c(0, 1, 1), c(0, 0, 0), NULL, -0.6, NULL, NULL, 0.8), list(60, 1, c(0, 2, 2), c(0, 0, 0), NULL, c(-0.8, 0.2), NULL, NULL, 0),
  list(64, 4, c(1, 0, 0), c(1, 0, 0), 0.5, NULL, 0.6, NULL, 0), list(72, 4, c(0, 1, 1), c(0, 1, 1), NULL, -0.4, NULL, -0.5, 0),
  list(96, 12, c(0, 1, 1), c(0, 1, 1), NULL, -0.5, NULL, -0.4, 0), list(108, 12, c(1, 0, 1), c(1, 1, 0), 0.6, 0.3, -0.4, NULL, 0.2),
  list(120, 12, c(2, 0, 0), c(0, 1, 1), c(0.5, 0.2), NULL, NULL, -0.5, 0), list(91, 7, c(1, 0, 1), c(1, 0, 1), 0.5, 0.2, 0.8, -0.4, 0),
  list(120, 24, c(1, 0, 0), c(0, 1, 1), 0.7, NULL, NULL, -0.4, 0))
for (s in sets) {
  y <- simulate_one(s[[1]], s[[2]], s[[3]], s[[4]], s[[5]], s[[6]], s[[7]], s[[8]], s[[9]])
  one("single", y, s[[2]], s[[3]], s[[4]], include.drift = s[[3]][2] + s[[4]][2] == 1)
  if (s[[2]] <= 12) one("auto", y, s[[2]])
}
for (n in c(30, 160, 200)) { y <- simulate_one(n, 1, c(1, 1, 1), c(0, 0, 0), 0.5, 0.4, NULL, NULL, 0.3); one("auto", y, 1) }
