/** A model's architecture as data: stages, presets, parameter layout and accounting. */
@NullMarked
package io.yoco4j.core.arch;

import org.jspecify.annotations.NullMarked;
