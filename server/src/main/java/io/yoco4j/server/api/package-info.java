/** What OpenAI's clients send and want to read, as JSON: strict in what it takes, and without HTTP. */
@NullMarked
package io.yoco4j.server.api;

import org.jspecify.annotations.NullMarked;
