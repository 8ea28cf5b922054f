package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.CheckpointWriter;
import io.yoco4j.core.checkpoint.GenerationConfig;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import io.yoco4j.core.text.BpeTrainer;
import io.yoco4j.core.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationTest {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    /** Writes each token as its number in brackets, one token late. */
    private static class Late implements TextStream.Decoder {
        private String held = "";

        @Override
        public String append(int id) {
            String text = held;
            held = "[" + id + "]";
            return text;
        }

        @Override
        public String finish() {
            return held;
        }
    }

    private static YocoModel model() {
        return YocoModel.of(A, RandomWeights.of(A, WeightFormat.F32, 1), EngineOptions.defaults());
    }

    private static Sampling random() {
        return Sampling.builder().temperature(1).seed(9).build();
    }

    private static GenerationOptions.Builder options() {
        return GenerationOptions.builder().maxTokens(12).sampling(random());
    }

    private static Generation generate(YocoModel model, GenerationOptions options, Set<Integer> endOfText) {
        return new Generation(
                model.session(options.session()),
                true,
                PROMPT,
                options,
                new TextStream(new Late(), options.stop(), options.endOfText() ? endOfText : Set.of()));
    }

    private static List<Integer> ids(YocoModel model) {
        List<Integer> ids = new ArrayList<>();
        generate(model, options().build(), Set.of()).forEach(t -> ids.add(t.id()));
        return ids;
    }

    private static String text(List<Integer> ids) {
        StringBuilder text = new StringBuilder();
        ids.forEach(id -> text.append('[').append(id).append(']'));
        return text.toString();
    }

    @Test
    void streamsTokensTextAndFigures() {
        try (YocoModel model = model();
                Generation generation = generate(model, options().build(), Set.of())) {
            assertThat(generation.finishReason()).isEmpty();
            List<Integer> ids = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            for (GeneratedToken token : generation) {
                ids.add(token.id());
                text.append(token.text());
                assertThat(token.promptTokens()).isEqualTo(5);
                assertThat(token.generatedTokens()).isEqualTo(ids.size());
            }
            assertThat(ids).hasSize(12).isEqualTo(ids(model));
            assertThat(text).hasToString(text(ids));
            assertThat(generation.finishReason()).contains(FinishReason.LENGTH);
            GenerationStats stats = generation.stats();
            assertThat(stats.generatedTokens()).isEqualTo(12);
            assertThat(stats.prefillTokensPerSecond()).isPositive();
            assertThat(stats.decodeTokensPerSecond()).isPositive();
            assertThat(stats.cacheBytes()).isPositive();
            assertThat(stats.toString()).contains("prompt 5 tokens", "generated 12", model.kernels());
            assertThatThrownBy(generation::next).isInstanceOf(NoSuchElementException.class);
        }
    }

    @Test
    void greedyFollowsTheLikeliestTokenOfTheSession() {
        try (YocoModel model = model()) {
            GenerationOptions greedy = GenerationOptions.builder().maxTokens(8).build();
            List<Integer> ids = new ArrayList<>();
            model.session().generate(PROMPT, greedy).forEach(t -> ids.add(t.id()));
            Session session = model.session();
            float[] logits = session.prefill(PROMPT, Logits.LAST).last();
            for (int id : ids) {
                for (float logit : logits) {
                    assertThat(logit).isLessThanOrEqualTo(logits[id]);
                }
                logits = session.decode(id);
            }
        }
    }

    @Test
    void endsAtAnEndOfTextToken() {
        try (YocoModel model = model()) {
            List<Integer> ids = ids(model);
            int last = ids.get(6);
            int end = ids.indexOf(last);
            Generation generation = generate(model, options().build(), Set.of(last));
            assertThat(generation.join()).isEqualTo(text(ids.subList(0, end)));
            assertThat(generation.finishReason()).contains(FinishReason.END_OF_TEXT);
            Generation on = generate(model, options().endOfText(false).build(), Set.of(last));
            assertThat(on.join()).isEqualTo(text(ids));
        }
    }

    @Test
    void endsBeforeAStopStringThatCrossesTokens() {
        try (YocoModel model = model()) {
            List<Integer> ids = ids(model);
            String whole = text(ids);
            // From the middle of one token into the next.
            int from = text(ids.subList(0, 5)).length() + 1;
            String stop = whole.substring(from, from + 4);
            Generation generation =
                    generate(model, options().stop("never", stop).build(), Set.of());
            assertThat(generation.join()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
            assertThat(generation.finishReason()).contains(FinishReason.STOP_STRING);
            // A start of a stop string at the very end is text after all.
            Generation start = generate(
                    model,
                    options().stop(whole.substring(whole.length() - 3) + "x").build(),
                    Set.of());
            assertThat(start.join()).isEqualTo(whole);
            assertThat(start.finishReason()).contains(FinishReason.LENGTH);
        }
    }

    @Test
    void endsWhereTheContextIsFull() {
        try (YocoModel model = model()) {
            SessionOptions eight = SessionOptions.builder().maxPositions(8).build();
            Generation generation = generate(model, options().session(eight).build(), Set.of());
            assertThat(generation.join()).isEqualTo(text(ids(model).subList(0, 4)));
            assertThat(generation.finishReason()).contains(FinishReason.LENGTH);
        }
    }

    @Test
    void stopsWhenCancelled() {
        try (YocoModel model = model()) {
            Generation generation = generate(model, options().build(), Set.of());
            generation.next();
            generation.next();
            generation.cancel();
            assertThat(generation.hasNext()).isFalse();
            assertThat(generation.finishReason()).contains(FinishReason.CANCELLED);
            Generation unstarted = generate(model, options().build(), Set.of());
            unstarted.close();
            assertThat(unstarted.join()).isEmpty();
            assertThat(unstarted.stats().generatedTokens()).isZero();
        }
    }

    @Test
    void theContextHoldsWhatWasPulled() {
        try (YocoModel model = model();
                Session session = model.session()) {
            Generation generation = session.generate(PROMPT, options().build());
            int first = generation.next().id();
            int second = generation.next().id();
            assertThat(session.pending()).hasValue(second);
            assertThat(generation.hasNext()).isTrue();
            assertThat(session.tokens()).containsExactly(3, 1, 4, 1, 5, first, second);
            assertThat(session.pending()).isEmpty();
            generation.close();
            assertThat(session.pending()).isEmpty();
        }
    }

    /** As from another thread. */
    @Test
    void aTokenThatWasDrawnWhileItsTextWasCancelledStillComes() {
        try (YocoModel model = model();
                Session session = model.session()) {
            List<Generation> cancelled = new ArrayList<>();
            Late whileDrawing = new Late() {
                @Override
                public String append(int id) {
                    cancelled.forEach(Generation::cancel);
                    return super.append(id);
                }
            };
            Generation generation = new Generation(
                    session, false, PROMPT, options().build(), new TextStream(whileDrawing, List.of(), Set.of()));
            int first = generation.next().id();
            cancelled.add(generation);
            assertThat(generation.hasNext()).isTrue();
            int second = generation.next().id();
            assertThat(generation.hasNext()).isFalse();
            assertThat(generation.finishReason()).contains(FinishReason.CANCELLED);
            assertThat(session.tokens()).containsExactly(3, 1, 4, 1, 5, first);
            assertThat(session.pending()).hasValue(second);
        }
    }

    @Test
    void refusesToGoOnInASessionThatHasGoneOnOtherwise() {
        try (YocoModel model = model()) {
            GenerationOptions one = options().maxTokens(1).build();
            Session session = model.session();
            Generation first = session.generate(PROMPT, one);
            Generation second = session.generate(new int[] {9}, one);
            int drawn = first.next().id();
            requireMovedOn(second, session, drawn);
            assertThat(session.pending()).hasValue(drawn);
            Generation third = session.generate(new int[] {9}, one);
            third.next();
            assertThat(session.tokens()).containsExactly(3, 1, 4, 1, 5, drawn, 9);

            List<Consumer<Session>> others = List.of(
                    Session::reset,
                    s -> s.decode(7),
                    s -> s.prefill(new int[] {9, 9}, Logits.NONE),
                    s -> {
                        Batch batch = model.batch();
                        batch.decode(s, 7);
                        batch.run();
                    },
                    s -> s.generate(new int[] {9}, one).next());
            for (Consumer<Session> other : others) {
                session.reset();
                Generation generation = session.generate(PROMPT, options().build());
                int token = generation.next().id();
                other.accept(session);
                requireMovedOn(generation, session, token);
            }
            session.reset();
            Generation computed = session.generate(PROMPT, one);
            assertThat(computed.hasNext()).isTrue();
            Generation unaware = session.generate(new int[] {9}, one);
            int pending = computed.next().id();
            requireMovedOn(unaware, session, pending);

            session.reset();
            Generation before = session.generate(PROMPT, options().build());
            assertThat(before.hasNext()).isTrue();
            session.prefill(new int[] {9}, Logits.NONE);
            requireMovedOn(before, session, -1);
        }
    }

    private static void requireMovedOn(Generation generation, Session session, int drawn) {
        int[] before = session.tokens();
        assertThatThrownBy(generation::next)
                .as("after %d", drawn)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("has gone on otherwise")
                .hasMessageContaining("start another generation");
        assertThat(session.tokens()).isEqualTo(before);
    }

    @Test
    void whatWasHeldBackWhenATextWasCancelledIsKept() {
        try (YocoModel model = model()) {
            Generation whole = generate(model, options().build(), Set.of());
            String text = whole.join();
            assertThat(whole.rest()).isEmpty();
            Generation cancelled = generate(model, options().build(), Set.of());
            String pulled = cancelled.next().text() + cancelled.next().text();
            cancelled.cancel();
            assertThat(cancelled.hasNext()).isFalse();
            assertThat(cancelled.rest()).isNotEmpty();
            assertThat(text).startsWith(pulled + cancelled.rest());
            Generation unstarted = generate(model, options().build(), Set.of());
            unstarted.close();
            assertThat(unstarted.hasNext()).isFalse();
            assertThat(unstarted.rest()).isEmpty();
        }
    }

    @Test
    void refusesOptionsOfASessionThatIsOfOthers() {
        try (YocoModel model = model()) {
            SessionOptions made = SessionOptions.builder()
                    .loops(3)
                    .exitThreshold(0.1)
                    .maxPositions(64)
                    .prefillChunk(8)
                    .build();
            Session session = model.session(made);
            GenerationOptions alike = options().session(made).build();
            assertThat(session.generate(PROMPT, alike).hasNext()).isTrue();
            SessionOptions more =
                    SessionOptions.builder().maxPositions(A.maxPositions() + 1).build();
            assertThat(model.session(more)
                            .generate(PROMPT, options().session(more).build())
                            .hasNext())
                    .isTrue();
            Map<String, SessionOptions> others = Map.of(
                    "loops", SessionOptions.builder().loops(2).build(),
                    "exit threshold",
                            SessionOptions.builder().exitThreshold(0.2).build(),
                    "max positions", SessionOptions.builder().maxPositions(63).build(),
                    "prefill chunk", SessionOptions.builder().prefillChunk(9).build());
            others.forEach((option, other) -> assertThatThrownBy(() ->
                            session.generate(PROMPT, options().session(other).build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("other " + option + " than the session has"));
        }
    }

    @Test
    void stopStringsAreFoundHoweverTheTextIsCut() {
        String text = "ab aab aabc end";
        for (int size = 1; size <= text.length(); size++) {
            StopStrings stop = new StopStrings(List.of("aabc", "bcd"));
            StringBuilder out = new StringBuilder();
            for (int i = 0; i < text.length() && !stop.found(); i += size) {
                String certain = stop.append(text.substring(i, Math.min(text.length(), i + size)));
                out.append(certain);
                assertThat("ab aab ").startsWith(out);
            }
            assertThat(out).hasToString("ab aab ");
        }
        StopStrings none = new StopStrings(List.of("aabc"));
        assertThat(none.append("xaa")).isEqualTo("x");
        assertThat(none.append("a")).isEqualTo("a");
        assertThat(none.rest()).isEqualTo("aa");
    }

    @Test
    void refusesWhatCannotWorkBeforeAnythingIsComputed() {
        try (YocoModel model = model()) {
            GenerationOptions stop = options().stop("x").build();
            assertThatThrownBy(() -> model.session().generate(PROMPT, stop))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no tokenizer.json");
            assertThatThrownBy(() -> model.generate("text", options().build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no tokenizer.json");
            assertThatThrownBy(() ->
                            model.session().generate(new int[] {99}, options().build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("id 99");
            assertThatThrownBy(() -> options().maxTokens(0).build()).hasMessageContaining("max tokens is 0");
            assertThatThrownBy(() -> options().stop("").build()).hasMessageContaining("stop string is empty");
        }
    }

    @Test
    void generatesTextWithAModelFolder(@TempDir Path temp) {
        String json = BpeTrainer.builder()
                .vocabularySize(300)
                .build()
                .train(Stream.of("class A { int a; int b; } class B { int a; } class C { int b; }"))
                .json();
        Architecture a;
        try (Tokenizer tokenizer = Tokenizer.parse(json)) {
            a = A.toBuilder().vocabSize(tokenizer.vocabularySize() + 3).build();
        }
        write(a, json, temp.resolve("model"));
        try (YocoModel model = YocoModel.open(temp.resolve("model"))) {
            Generation generation = model.generate(
                    "class D", options().maxTokens(40).endOfText(false).build());
            List<Integer> ids = new ArrayList<>();
            StringBuilder text = new StringBuilder();
            for (GeneratedToken token : generation) {
                ids.add(token.id());
                text.append(token.text());
            }
            Tokenizer tokenizer = model.tokenizer().orElseThrow();
            assertThat(generation.stats().promptTokens()).isEqualTo(model.encode("class D").length);
            int[] known = ids.stream()
                    .mapToInt(Integer::intValue)
                    .filter(id -> id < tokenizer.vocabularySize())
                    .toArray();
            assertThat(text).hasToString(tokenizer.decode(known));
            assertThat(model.generationConfig().eos()).containsExactly(2);
        }
        write(A, json, temp.resolve("other"));
        try (YocoModel model = YocoModel.open(temp.resolve("other"))) {
            assertThatThrownBy(() -> model.generate("x", options().build()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("vocab_size is 61");
        }
    }

    private static void write(Architecture a, String tokenizer, Path folder) {
        SafetensorsWriter writer = new SafetensorsWriter(Map.of());
        RandomWeights.of(a, WeightFormat.F32, 3).values().forEach(writer::add);
        new CheckpointWriter(a, writer)
                .tokenizer(tokenizer)
                .generation(new GenerationConfig(OptionalInt.empty(), List.of(2)))
                .create(folder);
    }
}
