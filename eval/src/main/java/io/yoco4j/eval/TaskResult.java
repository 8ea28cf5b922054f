package io.yoco4j.eval;

import java.util.List;

/**
 * What a task measured.
 *
 * @param task its name
 * @param items scored
 * @param truncated contexts that were longer than the model and lost their beginning
 * @param metrics over all items
 * @param groups the same by subject or length, where the task has any
 */
public record TaskResult(String task, int items, int truncated, List<Metric> metrics, List<TaskResult> groups) {}
