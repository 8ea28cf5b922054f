/** JSON from files of unknown origin: strict parsing and typed fields, with errors that name the place. */
@NullMarked
package io.yoco4j.core.json;

import org.jspecify.annotations.NullMarked;
