/**
 * From text to batches: sources of documents, token shards on disk, batches as a pure function of the step. Needs no
 * libtorch.
 */
@NullMarked
package io.yoco4j.train.data;

import org.jspecify.annotations.NullMarked;
