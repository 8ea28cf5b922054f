/** The arithmetic that training does in Java, on float32 memory and the Vector API; it knows nothing of tensors. */
@NullMarked
package io.yoco4j.train.kernel;

import org.jspecify.annotations.NullMarked;
