#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's HistGradientBoostingClassifier on the very split of a rankine-census run, beside that run.

usage: census_sklearn.py RUN DATA BY [NAMES]   e.g. run adult-train.csv education,sex adult
Needs scikit-learn, pandas and h5py. RUN has groups.h5 and global.h5; DATA is the CSV file of the run; the
label is the last column, its positive value ">50K". Prints one line of JSON.
"""
import json
import os
import sys
import time

import h5py
import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

ADULT = ("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
         "capital-gain,capital-loss,hours-per-week,native-country,income").split(",")


def scores(labels, probabilities):
    return {"auc": roc_auc_score(labels, probabilities),
            "accuracy": accuracy_score(labels, probabilities > 0.5),
            "log_loss": log_loss(labels, numpy.clip(probabilities, 1e-15, 1 - 1e-15))}


def fitted_probabilities(table, labels, train, test):
    """Of label 1 on the test rows; the training share where one class is all there is to learn from."""
    if labels[train].nunique() < 2 or train.sum() < 40:
        return numpy.full(test.sum(), (labels[train].sum() + 0.5) / (train.sum() + 1))
    model = HistGradientBoostingClassifier(max_depth=4, learning_rate=0.1, max_iter=300, max_bins=63,
                                           early_stopping=bool(labels[train].value_counts().min() >= 5),
                                           validation_fraction=0.2, n_iter_no_change=25,
                                           l2_regularization=1, categorical_features="from_dtype",
                                           random_state=1)
    model.fit(table[train], labels[train])
    return model.predict_proba(table[test])[:, 1]


def main(run, data, by, names=None):
    table = pandas.read_csv(data, skipinitialspace=True, na_values="?", comment="|",
                            names=ADULT if names == "adult" else names and names.split(","))
    labels = (table.pop(table.columns[-1]) == ">50K").astype(int)
    keys = table[by.split(",")].astype(str).agg(", ".join, axis=1)
    for column in table.columns[table.dtypes != "int64"]:
        if not pandas.api.types.is_numeric_dtype(table[column]):
            table[column] = table[column].astype("category")
    with h5py.File(os.path.join(run, "global.h5")) as file:
        ours = pandas.Series(file["test_probability"][:], index=file["test_row"][:].astype(int))
    with h5py.File(os.path.join(run, "groups.h5")) as file:
        ours_groups = pandas.Series(file["test_probability"][:], index=file["test_row"][:].astype(int))
    test = table.index.isin(ours.index)
    start = time.perf_counter()
    single = fitted_probabilities(table, labels, ~test, test)
    middle = time.perf_counter()
    groups = pandas.Series(0.0, index=table.index[test])
    for key in keys.unique():
        inside = (keys == key).to_numpy()
        if (inside & test).any() and (inside & ~test).any():
            rows = table.index[inside & test]
            groups[rows] = fitted_probabilities(table, labels, inside & ~test, inside & test)
    end = time.perf_counter()
    order = table.index[test]
    print(json.dumps({
        "rows": len(table), "test_rows": int(test.sum()), "groups": int(keys.nunique()),
        "rankine_global": scores(labels[test], ours[order].to_numpy()),
        "sklearn_global": scores(labels[test], single),
        "rankine_groups": scores(labels[test], ours_groups[order].to_numpy()),
        "sklearn_groups": scores(labels[test], groups[order].to_numpy()),
        "sklearn_global_seconds": middle - start, "sklearn_groups_seconds": end - middle}))


if __name__ == "__main__":
    main(*sys.argv[1:])
