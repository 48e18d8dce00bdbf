# SPDX-License-Identifier: Apache-2.0
# What R's forecast package answers to series of M4, for compare.py.
#   Rscript m4_answers.R ets|auto.arima NAME-train.csv SEASON ANSWERS.csv [STRIDE [OFFSET]]
# NAME-test.csv lies beside the training file. Every STRIDE-th series, beginning with the OFFSET-th (0). ANSWERS:
# id,form,loglik,aicc,smape,mase,seconds; MASE has the period of the competition: 24 for Hourly, else 1.
suppressMessages(library(forecast))
arguments <- commandArgs(trailingOnly = TRUE)
method <- get(arguments[1]); season <- as.integer(arguments[3])
stride <- if (length(arguments) > 4) as.integer(arguments[5]) else 1
offset <- if (length(arguments) > 5) as.integer(arguments[6]) else 0
period <- if (grepl("Hourly", arguments[2])) 24 else 1

rows <- function(path) {
  parts <- strsplit(gsub("\"", "", readLines(path)[-1]), ",")
  values <- lapply(parts, function(p) { v <- suppressWarnings(as.numeric(p[-1])); v[!is.na(v)] })
  setNames(values, sapply(parts, `[`, 1))
}
arima_form <- function(fit) {
  a <- fit$arma
  form <- sprintf("ARIMA(%d,%d,%d)", a[1], a[6], a[2])
  if (a[3] + a[4] + a[7] > 0) form <- sprintf("%s(%d,%d,%d)[%d]", form, a[3], a[7], a[4], a[5])
  if ("intercept" %in% names(coef(fit))) form <- paste(form, "with mean")
  if ("drift" %in% names(coef(fit))) form <- paste(form, "with drift")
  form
}
train <- rows(arguments[2]); test <- rows(sub("-train", "-test", arguments[2]))
file <- file(arguments[4], "w")
cat("id,form,loglik,aicc,smape,mase,seconds\n", file = file)
for (i in seq(offset + 1, length(train), stride)) {
  x <- train[[i]]; y <- test[[names(train)[i]]]
  begin <- proc.time()[1]
  fit <- tryCatch(method(ts(x, frequency = season)), error = function(e) NULL)
  if (is.null(fit)) next
  f <- as.numeric(forecast(fit, h = length(y))$mean)
  form <- if (arguments[1] == "ets") fit$method else arima_form(fit)
  cat(sprintf("%s,%s,%.6f,%.6f,%.6f,%.6f,%.2f\n", names(train)[i], gsub(",", ";", form), fit$loglik, fit$aicc,
    mean(200 * abs(y - f) / (abs(y) + abs(f))), mean(abs(y - f)) / mean(abs(diff(x, lag = period))),
    proc.time()[1] - begin), file = file)
  flush(file)
}
close(file)
