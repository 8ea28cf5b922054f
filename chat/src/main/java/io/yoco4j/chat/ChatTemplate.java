package io.yoco4j.chat;

import io.yoco4j.core.InvalidInputException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The template by which a model's tuning wrote conversations: it turns messages into the text that the model goes on from.
 * It is a Jinja 3 template in Hugging Face's manner ({@code trim_blocks} and {@code lstrip_blocks} are set;
 * {@code raise_exception} and {@code strftime_now} are there; tools and documents are not), as far as such templates go:
 * the tags {@code with}, {@code filter} and {@code call}, {@code %} and {@code *} of strings and lists, chained comparisons,
 * {@code loop.cycle} and the rarer filters and methods are refused, by name and line. What is not defined and {@code none}
 * are one value here: both are {@code none}, and both write nothing.
 *
 * <p>Templates come with downloaded models, so they reach nothing but what they are given: no Java object, no file, no
 * other template. How much one does is bounded by a multiple of what the messages have. What a message says is never read
 * as a template.
 *
 * <p>Thread-safe: threads may render at the same time.
 */
public final class ChatTemplate {
    private static final long STEPS = 1 << 22;
    private static final long STEPS_PER_CHARACTER = 64;

    private final String place;
    private final String source;
    private final Map<String, Object> tokens;
    private final Dialect dialect = new Dialect();
    private final List<TemplateNode> nodes;
    private final Clock clock;

    private ChatTemplate(TemplateFolder.Found found, Clock clock) {
        place = found.place();
        source = found.source();
        tokens = found.variables();
        this.clock = clock;
        nodes = run(new Rendering(dialect, Map.of(), clock, STEPS), r -> TemplateTree.of(found.source(), dialect));
    }

    /**
     * The template of a model folder: {@code chat_template.jinja}, or else the field {@code chat_template} of
     * {@code tokenizer_config.json}, a template or a list where one is named {@code default}. Special tokens come from that
     * file.
     *
     * @return empty where the folder has no template
     * @throws InvalidInputException naming the file, and why it cannot be read or is no template
     */
    public static Optional<ChatTemplate> of(Path modelFolder) {
        return of(modelFolder, Clock.systemDefaultZone());
    }

    /** As above, with another clock for {@code strftime_now}. */
    static Optional<ChatTemplate> of(Path modelFolder, Clock clock) {
        return TemplateFolder.find(modelFolder).map(found -> new ChatTemplate(found, clock));
    }

    /** The template itself, for those that fill it in elsewhere. */
    public String source() {
        return source;
    }

    /**
     * The text of a conversation. Special tokens stand in it as they are written, those at its beginning too: encode it
     * without adding any.
     *
     * @param messages in their order
     * @param addGenerationPrompt whether the text ends with what opens an answer
     * @throws InvalidInputException with the template's own words where it refuses the messages, or with the reason why it
     *     fails
     */
    public String render(List<ChatMessage> messages, boolean addGenerationPrompt) {
        long characters = 0;
        List<Map<String, Object>> values = new ArrayList<>();
        for (ChatMessage message : messages) {
            Map<String, Object> value = new LinkedHashMap<>();
            value.put("role", message.role());
            value.put("content", message.content());
            values.add(value);
            characters += message.role().length() + message.content().length();
        }
        Map<String, @Nullable Object> variables = new LinkedHashMap<>(tokens);
        variables.put("messages", values);
        variables.put("add_generation_prompt", addGenerationPrompt);
        Rendering rendering = new Rendering(dialect, variables, clock, STEPS + STEPS_PER_CHARACTER * characters);
        return run(rendering, r -> {
            StringBuilder out = new StringBuilder();
            TemplateNode.writeAll(nodes, r, out);
            return out.toString();
        });
    }

    private <T> T run(Rendering rendering, Function<Rendering, T> part) {
        try {
            return rendering.run(() -> part.apply(rendering));
        } catch (TemplateException e) {
            throw new InvalidInputException(place + ": " + e.getMessage(), e);
        }
    }
}
