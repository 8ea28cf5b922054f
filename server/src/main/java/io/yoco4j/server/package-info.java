/** An HTTP server for models, in the shape of OpenAI's. */
@NullMarked
package io.yoco4j.server;

import org.jspecify.annotations.NullMarked;
