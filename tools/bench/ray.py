# SPDX-License-Identifier: Apache-2.0
"""Ray's own figures for the rows of the same name, to be drawn beside ours: the middle of the range over its
releases 2.50 to 2.58 on one 64-core machine (ray `release/perf_metrics/microbenchmark.json`).
"""
PER_SECOND = {
    "single_client_tasks_sync": 890,
    "single_client_tasks_async": 7_600,
    "multi_client_tasks_async": 19_900,
    "1_1_actor_calls_sync": 1_890,
    "1_1_actor_calls_async": 8_100,
    "n_n_actor_calls_async": 25_300,
    "single_client_get_calls": 9_500,
    "single_client_put_calls": 4_500,
    "single_client_wait_1k_refs": 5.0,
    "placement_group_create_removal": 680,
}
