/** Training: schedule, optimizer state, the loop, metrics. */
@NullMarked
package io.yoco4j.train;

import org.jspecify.annotations.NullMarked;
