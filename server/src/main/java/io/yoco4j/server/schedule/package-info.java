/** Many generations on one model: a step at a time, fairly, within a bound of memory. Knows nothing of HTTP. */
@NullMarked
package io.yoco4j.server.schedule;

import org.jspecify.annotations.NullMarked;
