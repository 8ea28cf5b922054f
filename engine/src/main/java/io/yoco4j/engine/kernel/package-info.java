/** Numeric kernels: vector and scalar twins behind one interface, a worker pool, matrix products over stored weights. */
@NullMarked
package io.yoco4j.engine.kernel;

import org.jspecify.annotations.NullMarked;
