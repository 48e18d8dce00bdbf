# SPDX-License-Identifier: Apache-2.0
# Series on which each form of exponential smoothing is held against R's forecast package, and R's answers.
#   Rscript ets_forms.R SEASON COUNT SERIES.csv ANSWERS.csv [PART PARTS]
# COUNT series as the ray-ets generator makes them (length 50..500, y = 10 + day of week + U(0, 0.5)) and COUNT
# drawn from random processes of the forms themselves. SERIES: id,season,values separated by blanks.
# ANSWERS: id,form,loglik,aicc,seconds, for each form of SEASON that R's ets() would try. With PARTS processes
# PART (0 and on) fits every PARTS-th series.
suppressMessages(library(forecast))
arguments <- commandArgs(trailingOnly = TRUE)
season <- as.integer(arguments[1]); count <- as.integer(arguments[2])

forms <- expand.grid(damped = c(FALSE, TRUE), trend = c("N", "A"), error = c("A", "M"),
  season = if (season > 1) c("N", "A", "M") else "N", stringsAsFactors = FALSE)
forms <- forms[!(forms$damped & forms$trend == "N") & !(forms$error == "A" & forms$season == "M"), ]
name <- function(f) sprintf("%s%s%s%s", f$error, f$trend, if (f$damped) "d" else "", f$season)

ray <- function() {
  n <- sample(50:500, 1)
  10 + (seq_len(n) - 1) %% 7 + runif(n, 0, 0.5)
}
process <- function() {
  f <- forms[sample(nrow(forms), 1), ]
  n <- sample(30:300, 1); m <- season
  alpha <- runif(1, 0.02, 0.95); beta <- if (f$trend == "A") alpha * runif(1, 0, 0.5) else 0
  gamma <- if (f$season != "N") (1 - alpha) * runif(1, 0, 0.6) else 0
  phi <- if (f$damped) runif(1, 0.8, 0.98) else 1
  l <- exp(runif(1, log(10), log(10000))); b <- if (f$trend == "A") l * rnorm(1, 0, 0.01) else 0
  s <- if (f$season == "N") rep(0, m) else { x <- rnorm(m, 0, 0.15); x - mean(x) }
  s <- if (f$season == "M") 1 + s else l * s
  sd <- exp(runif(1, log(0.005), log(0.1))) * if (f$error == "A") l else 1
  y <- numeric(n)
  for (t in seq_len(n)) {
    k <- (t - 1) %% m + 1
    q <- l + phi * b
    mean <- if (f$season == "M") q * s[k] else q + (if (f$season == "A") s[k] else 0)
    y[t] <- if (f$error == "A") mean + rnorm(1, 0, sd) else mean * (1 + rnorm(1, 0, sd))
    seasonal <- s[k]
    p <- if (f$season == "M") y[t] / seasonal else if (f$season == "A") y[t] - seasonal else y[t]
    l <- q + alpha * (p - q); b <- phi * b + beta * (p - q)
    if (f$season == "A") s[k] <- seasonal + gamma * (y[t] - q - seasonal)
    if (f$season == "M") s[k] <- seasonal + gamma * (y[t] / q - seasonal)
  }
  if (all(is.finite(y)) && min(y) > 0) y else process()
}

set.seed(20240 + season)
series <- c(lapply(seq_len(count), function(i) ray()), lapply(seq_len(count), function(i) process()))
ids <- c(sprintf("ray%04d", seq_len(count)), sprintf("ets%04d", seq_len(count)))
series <- lapply(series, function(y) as.numeric(sprintf("%.10g", y)))
file <- file(arguments[3], "w")
for (i in seq_along(series)) cat(ids[i], ",", season, ",", paste(sprintf("%.10g", series[[i]]), collapse = " "), "\n", sep = "", file = file)
close(file)
file <- file(arguments[4], "w")
cat("id,form,loglik,aicc,seconds\n", file = file)
order <- as.vector(rbind(seq_len(count), count + seq_len(count)))  # both kinds from the start
if (length(arguments) == 6) order <- order[seq_along(order) %/% 2 %% as.integer(arguments[6]) == as.integer(arguments[5])]
for (i in order) {
  y <- ts(series[[i]], frequency = season)
  for (j in seq_len(nrow(forms))) {
    f <- forms[j, ]
    begin <- proc.time()[3]
    fit <- tryCatch(ets(y, model = paste0(f$error, f$trend, f$season), damped = f$damped), error = function(e) NULL)
    if (!is.null(fit)) cat(sprintf("%s,%s,%.6f,%.6f,%.3f\n", ids[i], name(f), as.numeric(fit$loglik), fit$aicc,
      proc.time()[3] - begin), file = file)
  }
  flush(file)
}
close(file)
