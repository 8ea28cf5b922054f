/** The yoco command: one file per command, no logic of its own. */
@NullMarked
package io.yoco4j.cli;

import org.jspecify.annotations.NullMarked;
