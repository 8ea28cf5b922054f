/** Errors shared by all modules. */
@NullMarked
package io.yoco4j.core;

import org.jspecify.annotations.NullMarked;
