package io.yoco4j.langchain4j;

import io.yoco4j.chat.ChatMessage;
import io.yoco4j.chat.ChatTemplate;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.text.BpeTrainer;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.train.Dataset;
import io.yoco4j.train.Trainer;
import io.yoco4j.train.TrainingListener;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sequences;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * A small model that was trained on the answers to what langchain4j's tests ask, and on nothing else: so their questions of
 * knowledge test the adapter, too. Trained once, when first asked for.
 */
final class TrainedModel {
    /** What fails on purpose; the template refuses it. */
    static final String REFUSED = "this message will fail";

    /** Line breaks keep the tokens of an answer apart from those before it. */
    private static final String TEMPLATE = "{% for m in messages %}"
            + "{% if m.content == '" + REFUSED + "' %}{{ raise_exception('not this one') }}{% endif %}"
            + "<{{ m.role }}>{{ '\\n' + m.content + '\\n' }}{% endfor %}"
            + "{% if add_generation_prompt %}{{ '<assistant>\\n' }}{% endif %}";

    private static final int LENGTH = 72;

    private static final List<Example> EXAMPLES = List.of(
            Example.of("What is the capital of Germany?", "Berlin is the capital of Germany."),
            Example.of(
                    "What is the capital of Germany? How much is 2 + 2?",
                    "The capital of Germany is Berlin, and 2 + 2 is 4."),
            new Example(
                    List.of(
                            new ChatMessage("system", "Translate messages from user into German"),
                            new ChatMessage("user", "Translate: 'I love you'")),
                    "Ich liebe dich."),
            new Example(
                    List.of(
                            new ChatMessage("user", "Hi, my favorite color is green"),
                            new ChatMessage("assistant", "Hi, nice to meet you"),
                            new ChatMessage("user", "What is my favorite color?")),
                    "Your favorite color is green."),
            Example.of("Say 'Hello World'", "Hello World"),
            Example.of("hello", "hello, what can I do for you today?"),
            Example.of(
                    "Tell me a long story about animals",
                    "A cat met a dog, and the dog met a bird, and all of them went to the sea."));

    /** A conversation and what the model is to say. */
    private record Example(List<ChatMessage> messages, String answer) {
        static Example of(String user, String answer) {
            return new Example(List.of(new ChatMessage("user", user)), answer);
        }
    }

    private static final class Holder {
        static final Path FOLDER = train();
        static final YocoModel MODEL = YocoModel.open(FOLDER);
    }

    private TrainedModel() {}

    /** Open until the JVM ends. */
    static YocoModel model() {
        return Holder.MODEL;
    }

    /** Its folder, which is named {@code answers}. */
    static Path folder() {
        return Holder.FOLDER;
    }

    private static Path train() {
        try {
            Path folder =
                    Files.createTempDirectory(Path.of("target"), "trained").resolve("answers");
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
            ChatTemplate template = ChatTemplate.of(folder).orElseThrow();
            List<String> texts = EXAMPLES.stream()
                    .map(e -> template.render(e.messages(), true) + e.answer())
                    .toList();
            String json = BpeTrainer.builder()
                    .vocabularySize(512)
                    .build()
                    .train(texts.stream())
                    .json();
            Architecture a = Presets.architecture("yoco-u", "nano");
            TrainingOptions options = TrainingOptions.builder()
                    .batchSize(EXAMPLES.size())
                    .sequenceLength(LENGTH)
                    .steps(50)
                    .learningRate(1e-2)
                    .bf16(false)
                    .evaluationTokens((long) EXAMPLES.size() * LENGTH)
                    .build();
            try (Dataset data = new Answers(Tokenizer.parse(json), texts)) {
                new Trainer(a, options, data, folder, new TrainingListener() {}).run(false, Long.MAX_VALUE);
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The conversations, over and over, each with the token that ends it. */
    private record Answers(Tokenizer tokenizer, List<String> texts) implements Dataset {
        private void read(long first, int rows, long[] ids, long[] targets) {
            for (int r = 0; r < rows; r++) {
                int[] text = tokenizer.encode(texts.get((int) ((first + r) % texts.size())));
                if (text.length > LENGTH) {
                    throw new IllegalStateException("a conversation has " + text.length + " tokens, above " + LENGTH);
                }
                int end = tokenizer.endOfText().orElseThrow();
                List<Integer> row = new ArrayList<>(Arrays.stream(text).boxed().toList());
                row.add(end);
                for (int i = 0; i < LENGTH; i++) {
                    ids[r * LENGTH + i] = i < row.size() ? row.get(i) : end;
                    targets[r * LENGTH + i] = i + 1 < row.size() ? row.get(i + 1) : Sequences.IGNORED;
                }
            }
        }

        @Override
        public int vocabularySize() {
            return tokenizer.vocabularySize();
        }

        @Override
        public OptionalInt endOfText() {
            return tokenizer.endOfText();
        }

        @Override
        public Sequences training(TrainingOptions options) {
            return new Sequences() {
                @Override
                public long count() {
                    return Long.MAX_VALUE;
                }

                @Override
                public void read(long first, int rows, long[] ids, long[] targets) {
                    Answers.this.read(first, rows, ids, targets);
                }
            };
        }

        @Override
        public Sequences heldOut(TrainingOptions options) {
            return training(options);
        }

        @Override
        public OptionalDouble bytesPerToken(TrainingOptions options) {
            return OptionalDouble.empty();
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
