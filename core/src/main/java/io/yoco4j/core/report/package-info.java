/** How results are shown to people. */
@NullMarked
package io.yoco4j.core.report;

import org.jspecify.annotations.NullMarked;
