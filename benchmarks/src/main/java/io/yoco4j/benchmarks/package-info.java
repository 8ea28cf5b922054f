/** JMH benchmarks of the engine's kernels. */
@NullMarked
package io.yoco4j.benchmarks;

import org.jspecify.annotations.NullMarked;
