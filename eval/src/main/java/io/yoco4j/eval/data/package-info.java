/** Evaluation files as records: JSON lines, CSV and Parquet, each record with the place that messages name. */
@NullMarked
package io.yoco4j.eval.data;

import org.jspecify.annotations.NullMarked;
