package io.yoco4j.server;

import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.CompletionRequest.Prompt;
import io.yoco4j.server.schedule.Scheduler;
import io.yoco4j.server.schedule.SchedulerOptions;
import io.yoco4j.server.schedule.StateFolder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;

/** A model that is loaded, and what schedules its requests. */
final class ServedModel {
    private final ModelSource source;
    private final YocoModel model;
    private final Scheduler scheduler;
    private final Optional<Tokenizer> tokenizer;
    private final Optional<ChatTemplate> template;
    private final LongTexts longTexts;
    private final long created = Instant.now().getEpochSecond();

    /**
     * Loads a model.
     *
     * @param scheduling of this one
     * @throws io.yoco4j.core.InvalidInputException naming the file that is wrong
     */
    @SuppressWarnings("MustBeClosedChecker") // close does it
    ServedModel(
            ModelSource source,
            ServerOptions options,
            SchedulerOptions scheduling,
            Optional<StateFolder> state,
            ServerMetrics metrics) {
        this.source = source;
        model = source.opened().apply(options.engine());
        longTexts = new LongTexts("texts-" + source.name());
        try {
            tokenizer = model.tokenizer();
            template = source.folder().flatMap(ChatTemplate::of);
            if (options.warmUp().isPositive()) {
                model.warmUp(options.warmUp());
            }
            scheduler = new Scheduler(model, scheduling, metrics.observer(source.name()), state);
            metrics.watch(source.name(), model, scheduler, scheduling.cacheMemory());
        } catch (RuntimeException | Error e) {
            longTexts.close();
            model.close();
            throw e;
        }
    }

    String name() {
        return source.name();
    }

    YocoModel model() {
        return model;
    }

    Scheduler scheduler() {
        return scheduler;
    }

    /** Seconds since 1970. */
    long created() {
        return created;
    }

    /** What makes a prompt of a chat, where the model was tuned for chats. */
    Optional<ChatTemplate> template() {
        return template;
    }

    /** Whether it takes and gives texts, not token ids alone. */
    boolean hasTokenizer() {
        return tokenizer.isPresent();
    }

    Tokenizer tokenizer(String param) {
        return tokenizer.orElseThrow(() -> ApiException.invalid(
                param, "The model " + name() + " has no tokenizer, so it takes and gives token ids only; send those"));
    }

    int[] encode(Prompt prompt) {
        int[] ids = switch (prompt) {
            case Prompt.Text(String text) -> encode(text, true, "prompt");
            case Prompt.Ids(int[] given) -> given;
        };
        if (ids.length == 0) {
            throw ApiException.invalid("prompt", "The prompt has no token; send at least one");
        }
        return ids;
    }

    /**
     * The tokens of a text.
     *
     * @param special whether that comes with it which texts of this model begin with
     * @param param the field that asks for a tokenizer
     */
    int[] encode(String text, boolean special, String param) {
        Tokenizer t = tokenizer(param);
        return longTexts.work(text.length(), () -> special ? model.encode(text) : t.encode(text));
    }

    /** The text of tokens; none for models without a tokenizer. */
    String decode(int[] ids) {
        return tokenizer
                .map(t -> longTexts.work(ids.length, () -> t.decode(known(t, ids), true)))
                .orElse("");
    }

    /** A model's vocabulary may be padded beyond the tokenizer's, or that have gaps. */
    private static int[] known(Tokenizer t, int[] ids) {
        return Arrays.stream(ids).filter(t::contains).toArray();
    }

    /** What a token is in lists of log-probabilities: its bytes, which may be a part of a code point. */
    byte[] tokenBytes(int id) {
        return tokenizer
                .map(t -> t.contains(id) ? t.bytes(id) : new byte[0])
                .orElseGet(() -> ("token_id:" + id).getBytes(StandardCharsets.UTF_8));
    }

    /** A prompt as it is given back: a text to the letter, else what the ids are written as. */
    String echo(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text(String text) -> text;
            case Prompt.Ids(int[] ids) -> decode(ids);
        };
    }

    /** Takes no more requests. */
    void refuse() {
        scheduler.refuse();
    }

    /** Lets running requests end for so long, and keeps contexts where there is a folder for them. */
    void finish(Duration grace) {
        scheduler.close(grace);
    }

    void unload() {
        longTexts.close();
        model.close();
    }
}
