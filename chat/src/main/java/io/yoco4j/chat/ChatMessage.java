package io.yoco4j.chat;

import io.yoco4j.core.InvalidInputException;

/**
 * One message of a conversation.
 *
 * @param role who speaks, as the model's template names it: {@code system}, {@code user}, {@code assistant}
 * @param content what is said; may be empty
 */
public record ChatMessage(String role, String content) {

    public ChatMessage {
        if (role.isBlank()) {
            throw new InvalidInputException("the role of a message is blank: name one, such as user");
        }
    }
}
