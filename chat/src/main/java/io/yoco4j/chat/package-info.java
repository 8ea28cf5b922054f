/** Conversations as text: the chat templates that model folders carry. */
@NullMarked
package io.yoco4j.chat;

import org.jspecify.annotations.NullMarked;
