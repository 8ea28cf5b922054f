/** What a context keeps: keys and values, whole or of a window, and retention states. */
@NullMarked
package io.yoco4j.engine.cache;

import org.jspecify.annotations.NullMarked;
