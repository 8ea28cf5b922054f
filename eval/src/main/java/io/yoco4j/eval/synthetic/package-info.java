/**
 * Sequences that a program makes, without end and always the same ones: what a model can look up in its context, and how
 * many steps it can follow. For training from scratch and for tests.
 */
@NullMarked
package io.yoco4j.eval.synthetic;

import org.jspecify.annotations.NullMarked;
