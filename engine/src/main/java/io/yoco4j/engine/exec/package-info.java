/** The forward pass: one executor for every list of stages. */
@NullMarked
package io.yoco4j.engine.exec;

import org.jspecify.annotations.NullMarked;
