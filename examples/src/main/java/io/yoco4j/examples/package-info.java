/** An application to begin from: {@link io.yoco4j.examples.Tour}. */
@NullMarked
package io.yoco4j.examples;

import org.jspecify.annotations.NullMarked;
