/** Experiments as data: systems trained, measured and compared as a file describes it, over as many runs as it takes. */
@NullMarked
package io.yoco4j.experiment;

import org.jspecify.annotations.NullMarked;
