/**
 * Many-row products in bfloat16 through oneDNN. Nothing here is called by name: on the class path, {@link
 * io.yoco4j.onednn.OneDnn} is found by the engine.
 */
@NullMarked
package io.yoco4j.onednn;

import org.jspecify.annotations.NullMarked;
