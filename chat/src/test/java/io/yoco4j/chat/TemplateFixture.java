package io.yoco4j.chat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;

/** Templates of a folder in a test. */
final class TemplateFixture {
    /** A Tuesday. */
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-04T05:06:07Z"), ZoneOffset.UTC);

    private static final String TOKENS = """
            {"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, "add_bos_token": true}
            """;

    private TemplateFixture() {}

    /** Reads a template from a folder, whose tokens are {@code <s>} and {@code </s>}. */
    static ChatTemplate template(Path folder, String source) {
        write(folder, TemplateFolder.TEMPLATE, source);
        write(folder, TemplateFolder.CONFIG, TOKENS);
        return ChatTemplate.of(folder, CLOCK).orElseThrow();
    }

    /** What a template makes of messages. */
    static String render(Path folder, String source, List<ChatMessage> messages, boolean prompt) {
        return template(folder, source).render(messages, prompt);
    }

    /** What it makes of one message, "hi" of the user. */
    static String render(Path folder, String source) {
        return render(folder, source, messages("user", "hi"), false);
    }

    /** Messages from roles and contents in turn. */
    static List<ChatMessage> messages(String... rolesAndContents) {
        List<ChatMessage> messages = new ArrayList<>();
        for (int i = 0; i < rolesAndContents.length; i += 2) {
            messages.add(new ChatMessage(rolesAndContents[i], rolesAndContents[i + 1]));
        }
        return messages;
    }

    static void write(Path folder, String file, String text) {
        try {
            Files.writeString(folder.resolve(file), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
