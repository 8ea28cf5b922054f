/** Tokenizers: loading, training, and decoding as a stream. */
@NullMarked
package io.yoco4j.core.text;

import org.jspecify.annotations.NullMarked;
