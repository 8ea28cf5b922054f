/** Checkpoint folders: safetensors in and out, and import of Hugging Face models. */
@NullMarked
package io.yoco4j.core.checkpoint;

import org.jspecify.annotations.NullMarked;
