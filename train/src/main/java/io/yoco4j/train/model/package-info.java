/** The stage executor on libtorch's autograd tensors, and its parameters. */
@NullMarked
package io.yoco4j.train.model;

import org.jspecify.annotations.NullMarked;
