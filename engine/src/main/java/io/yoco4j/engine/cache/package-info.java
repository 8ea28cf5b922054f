/**
 * What a context keeps: keys and values, whole or of a window, in blocks that forks share, and retention states. A block
 * stores rows in one of the {@link io.yoco4j.core.arch.KvFormat formats}.
 */
@NullMarked
package io.yoco4j.engine.cache;

import org.jspecify.annotations.NullMarked;
