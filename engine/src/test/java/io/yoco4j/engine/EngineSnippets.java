package io.yoco4j.engine;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.text.Tokenizer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;

/** The examples that the public API's Javadoc shows, region by region; {@link EngineSnippetsTest} runs them. */
final class EngineSnippets {
    private EngineSnippets() {}

    static void open(Path folder, PrintStream out) {
        // @start region="open"
        try (YocoModel model = YocoModel.open(folder)) {
            GenerationOptions options =
                    GenerationOptions.builder().maxTokens(64).stop("\n\n").build();
            try (Generation text = model.generate("public static ", options)) {
                for (GeneratedToken token : text) {
                    out.print(token.text());
                }
                out.println();
                out.println(text.stats());
            }
        }
        // @end
    }

    static int engine(Path folder) {
        // @start region="engine"
        EngineOptions options = EngineOptions.builder()
                .threads(1)
                .kv(KvFormat.BF16) // half the memory of a context
                .prefillChunk(256)
                .build();
        try (YocoModel model = YocoModel.open(folder, options)) {
            return model.options().threads();
        }
        // @end
    }

    static String sampled(YocoModel model) {
        // @start region="sampling"
        Sampling nucleus =
                Sampling.builder().temperature(0.7).topP(0.9).seed(42).build();
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(32).sampling(nucleus).build();
        try (Generation text = model.generate("class A {", options)) {
            return text.join();
        }
        // @end
    }

    static String deeper(YocoModel model) {
        // @start region="depth"
        SessionOptions deeper = SessionOptions.builder()
                .loops(4) // of each looped stage, whatever the model was trained with
                .exitThreshold(0.05) // a token leaves once a loop turns it by less than 9 degrees
                .build();
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(32).session(deeper).build();
        try (Generation text = model.generate("class A {", options)) {
            return text.join();
        }
        // @end
    }

    static int likeliest(YocoModel model, int[] prompt, int count, List<Integer> out) {
        // @start region="prefill"
        try (Session session = model.session()) {
            float[] logits = session.prefill(prompt, Logits.LAST).last(); // [V]
            for (int i = 0; i < count; i++) {
                int best = 0;
                for (int id = 1; id < logits.length; id++) {
                    best = logits[id] > logits[best] ? id : best;
                }
                out.add(best);
                logits = session.decode(best); // [V], of the token after it
            }
            return session.position(); // prompt.length + count
        }
        // @end
    }

    static String until(YocoModel model, Predicate<String> enough) {
        // @start region="cancel"
        StringBuilder text = new StringBuilder();
        try (Generation generation =
                model.generate("class A {", GenerationOptions.builder().build())) {
            while (generation.hasNext()) {
                text.append(generation.next().text());
                if (enough.test(text.toString())) {
                    generation.cancel(); // from any thread; hasNext() is false from here on
                }
            }
        }
        return text.toString();
        // @end
    }

    @SuppressWarnings("NullAway") // onSubscribe comes before all else
    static CompletableFuture<String> publish(YocoModel model, Executor executor, Semaphore room) {
        // @start region="publisher"
        Generation generation = model.generate(
                "class A {", GenerationOptions.builder().maxTokens(32).build());
        CompletableFuture<String> whole = new CompletableFuture<>();
        generation.publisher(executor).subscribe(new Flow.Subscriber<>() {
            private final StringBuilder text = new StringBuilder();
            private Flow.Subscription subscription;

            @Override
            public void onSubscribe(Flow.Subscription given) {
                subscription = given;
                subscription.request(1); // nothing is computed before this
            }

            @Override
            public void onNext(GeneratedToken token) {
                text.append(token.text());
                room.acquireUninterruptibly(); // a consumer that is slower than the model
                subscription.request(1); // or cancel(), which stops before the next token
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }

            @Override
            public void onComplete() {
                whole.complete(text.toString());
            }
        });
        return whole;
        // @end
    }

    static Map<String, String> branches(YocoModel model, String context, List<String> questions) {
        // @start region="fork"
        Tokenizer tokenizer = model.tokenizer().orElseThrow();
        GenerationOptions options = GenerationOptions.builder().maxTokens(16).build();
        Map<String, String> answers = new LinkedHashMap<>();
        try (Session trunk = model.session()) {
            trunk.prefill(model.encode(context), Logits.NONE); // once for all branches
            for (String question : questions) {
                try (Session branch = trunk.fork();
                        Generation answer = branch.generate(tokenizer.encode(question), options)) {
                    answers.put(question, answer.join());
                }
            }
        }
        return answers;
        // @end
    }

    static List<float[]> together(YocoModel model, int[] first, int[] second) {
        List<float[]> next = new ArrayList<>();
        // @start region="batch"
        try (Session a = model.session();
                Session b = model.session()) {
            Batch batch = model.batch();
            batch.prefill(a, first, 0, first.length, Logits.LAST);
            batch.prefill(b, second, 0, second.length, Logits.LAST);
            batch.run(); // one pass over the weights for both
            next.add(batch.logits(0).clone()); // [V], overwritten by later steps
            next.add(batch.logits(1).clone());
        }
        // @end
        return next;
    }

    static String saved(YocoModel model, int[] prompt, Path file) {
        // @start region="save"
        try (Session session = model.session()) {
            session.prefill(prompt, Logits.NONE);
            session.save(file);
        }
        int[] more = model.tokenizer().orElseThrow().encode(" int x");
        try (Session session = model.restore(file); // also in a later run
                Generation text = session.generate(more, GenerationOptions.defaults())) {
            return text.join();
        }
        // @end
    }

    static String loop(YocoModel model, int[] prompt) {
        // @start region="sampler"
        Sampler sampler = new Sampler(Sampling.GREEDY, model.architecture().vocabSize());
        TextStream stream = model.textStream(prompt, List.of("}"), true);
        StringBuilder text = new StringBuilder();
        try (Session session = model.session()) {
            float[] logits = session.prefill(prompt, Logits.LAST).last();
            for (int i = 0; i < 32 && stream.finishReason().isEmpty(); i++) {
                int id = sampler.sample(logits);
                sampler.accept(id);
                text.append(stream.append(id)); // what became certain, never half a code point
                logits = session.decode(id);
            }
        }
        if (stream.finishReason().isEmpty()) {
            text.append(stream.end(FinishReason.LENGTH));
        }
        return text.toString();
        // @end
    }

    static double score(YocoModel model, int[] context, int next) {
        // @start region="score"
        try (Session session = model.session()) {
            float[] logits = session.prefill(context, Logits.LAST).last();
            return LogSoftmax.of(logits).at(next); // nats, at most 0
        }
        // @end
    }

    static double loss(YocoModel model, String text) {
        // @start region="loss"
        try (Session session = model.session()) {
            return TextLoss.of(session, text, TextLoss.DEFAULT_WINDOW).bitsPerByte();
        }
        // @end
    }

    static List<Convergence.Iteration> convergence(YocoModel model, String text) {
        // @start region="convergence"
        try (Session session = model.session()) {
            Convergence convergence = new Convergence(session);
            convergence.add(text, 128);
            return convergence.iterations();
        }
        // @end
    }
}
