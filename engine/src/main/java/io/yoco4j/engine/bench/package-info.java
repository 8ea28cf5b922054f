/** Measuring the engine on models of random weights: rates, cache bytes, and their share of the machine's limits. */
@NullMarked
package io.yoco4j.engine.bench;

import org.jspecify.annotations.NullMarked;
