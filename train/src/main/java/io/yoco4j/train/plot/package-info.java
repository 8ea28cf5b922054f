/** How plots look, here and in what needs this module. */
@NullMarked
package io.yoco4j.train.plot;

import org.jspecify.annotations.NullMarked;
