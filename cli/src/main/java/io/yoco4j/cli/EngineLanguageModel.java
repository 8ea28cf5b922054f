package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.Batch;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.LogSoftmax;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.GreedyRequest;
import io.yoco4j.eval.LanguageModel;
import io.yoco4j.eval.ScoreRequest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The engine as an evaluation sees it. A prefix is prefilled once, and each of its continuations goes on in a fork; prefixes of
 * several requests, and then all continuations, share steps. Where the model has a beginning-of-text token, every context
 * begins with it.
 */
final class EngineLanguageModel implements LanguageModel {
    private final YocoModel model;
    private final Tokenizer tokenizer;
    private final SessionOptions options;
    private final int maxTokens;
    private final boolean shared;
    private LoopsUsed loopsUsed = LoopsUsed.NONE;

    /**
     * A model under evaluation.
     *
     * @param maxTokens the longest context, from 2; no more than the model's positions count
     * @param shared whether continuations share their prefix's state, rather than being computed from scratch each
     */
    EngineLanguageModel(YocoModel model, SessionOptions options, int maxTokens, boolean shared) {
        this.model = model;
        this.options = options;
        this.shared = shared;
        tokenizer = model.tokenizer()
                .orElseThrow(() -> new InvalidInputException(
                        "the model has no tokenizer.json, which text needs: put the file in its folder"));
        this.maxTokens = Math.min(maxTokens, model.architecture().maxPositions());
    }

    /** Iterations of looped stages that tokens took so far. */
    LoopsUsed loopsUsed() {
        return loopsUsed;
    }

    private void end(Session session) {
        loopsUsed = loopsUsed.plus(session.loopsUsed());
        session.close();
    }

    @Override
    public int[] encode(String text) {
        return tokenizer.encode(text);
    }

    @Override
    public String decode(int[] ids) {
        return tokenizer.decode(ids);
    }

    @Override
    public int startToken() {
        return IntStream.concat(
                        model.generationConfig().bos().stream(),
                        IntStream.concat(
                                tokenizer.endOfText().stream(),
                                model.generationConfig().eos().stream().mapToInt(i -> i)))
                .findFirst()
                .orElseThrow(() -> new InvalidInputException("the model has neither a beginning-of-text nor an"
                        + " end-of-text token for an empty context to begin with: name one in generation_config.json"));
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public OptionalInt beginToken() {
        return model.generationConfig().bos();
    }

    @Override
    public List<List<ContinuationScore>> score(List<ScoreRequest> requests) {
        List<List<ContinuationScore>> scores = new ArrayList<>();
        List<ScoreRequest> all = shared ? requests : single(requests);
        for (List<Continuation> continuations : continuations(all)) {
            scores.add(continuations.stream().map(Continuation::score).toList());
        }
        return shared ? scores : regrouped(requests, scores);
    }

    private static List<ScoreRequest> single(List<ScoreRequest> requests) {
        return requests.stream()
                .flatMap(r -> r.continuations().stream().map(c -> new ScoreRequest(r.prefix(), List.of(c))))
                .toList();
    }

    private static List<List<ContinuationScore>> regrouped(
            List<ScoreRequest> requests, List<List<ContinuationScore>> scores) {
        List<List<ContinuationScore>> out = new ArrayList<>();
        int at = 0;
        for (ScoreRequest r : requests) {
            int end = at + r.continuations().size();
            out.add(scores.subList(at, end).stream().map(List::getFirst).toList());
            at = end;
        }
        return out;
    }

    private List<List<Continuation>> continuations(List<ScoreRequest> requests) {
        List<Session> open = new ArrayList<>();
        try {
            Deque<Work> prefixes = new ArrayDeque<>();
            Deque<Work> rest = new ArrayDeque<>();
            List<List<Continuation>> out = new ArrayList<>();
            for (ScoreRequest request : requests) {
                Session session = model.session(options);
                open.add(session);
                List<Continuation> continuations =
                        request.continuations().stream().map(Continuation::new).toList();
                out.add(continuations);
                prefixes.add(new Work(session, request.prefix(), false, (_, logits) -> {
                    for (Continuation c : continuations) {
                        c.token(0, logits);
                        if (c.ids.length > 1) {
                            Session fork = session;
                            if (continuations.size() > 1) {
                                fork = session.fork();
                                open.add(fork);
                            }
                            int[] given = Arrays.copyOf(c.ids, c.ids.length - 1);
                            rest.add(new Work(fork, given, true, (i, next) -> c.token(i + 1, next)));
                        }
                    }
                }));
            }
            run(prefixes);
            run(rest);
            return out;
        } finally {
            open.forEach(this::end);
        }
    }

    /** What is known of a continuation's likelihood. */
    private static final class Continuation {
        private final int[] ids;
        private double logProbability;
        private boolean greedy = true;

        Continuation(int[] ids) {
            this.ids = ids;
        }

        /** Takes the distribution that token {@code i} was drawn from. */
        void token(int i, float[] logits) {
            LogSoftmax known = LogSoftmax.of(logits);
            logProbability += known.at(ids[i]);
            greedy &= known.likeliest(ids[i]);
        }

        ContinuationScore score() {
            return new ContinuationScore(logProbability, greedy);
        }
    }

    private interface Rows {
        /** Takes the logits after a work's token, or after its last. */
        void take(int row, float[] logits);
    }

    /** Tokens that a session is to take in, and who wants the logits: of all of them, or of the last. */
    private static final class Work {
        private final Session session;
        private final int[] ids;
        private final boolean all;
        private final Rows rows;
        private int done;
        /** Tokens of the step that runs. */
        private int count;

        Work(Session session, int[] ids, boolean all, Rows rows) {
            this.session = session;
            this.ids = ids;
            this.all = all;
            this.rows = rows;
        }
    }

    /** In steps of about a chunk's tokens, each of as many sessions as fit. */
    private void run(Deque<Work> works) {
        int budget = Math.min(model.options().prefillChunk(), model.maxBatchTokens());
        Batch batch = model.batch();
        List<Work> taken = new ArrayList<>();
        while (!works.isEmpty()) {
            batch.clear();
            taken.clear();
            while (!works.isEmpty() && batch.tokens() < budget) {
                Work w = works.poll();
                w.count = Math.min(w.ids.length - w.done, budget - batch.tokens());
                boolean last = w.done + w.count == w.ids.length;
                batch.prefill(w.session, w.ids, w.done, w.count, w.all ? Logits.ALL : last ? Logits.LAST : Logits.NONE);
                taken.add(w);
            }
            batch.run();
            for (int entry = taken.size() - 1; entry >= 0; entry--) {
                finish(batch, entry, taken.get(entry), works);
            }
        }
        batch.clear();
    }

    private static void finish(Batch batch, int entry, Work w, Deque<Work> works) {
        for (int i = 0; i < batch.logitRows(entry); i++) {
            w.rows.take(w.done + i, batch.logits(entry, i));
        }
        w.done += w.count;
        if (w.done < w.ids.length) {
            works.addFirst(w);
        }
    }

    @Override
    public List<int[]> greedy(List<GreedyRequest> requests) {
        List<Session> open = new ArrayList<>();
        try {
            Deque<Work> prefixes = new ArrayDeque<>();
            Deque<Work> rest = new ArrayDeque<>();
            List<int[]> out = new ArrayList<>();
            for (GreedyRequest request : requests) {
                Session session = model.session(options);
                open.add(session);
                int[] ids = request.ids();
                if (request.from() > 0) {
                    prefixes.add(new Work(session, Arrays.copyOf(ids, request.from()), false, (_, _) -> {}));
                }
                int[] likeliest = new int[ids.length - request.from()];
                out.add(likeliest);
                int[] asked = Arrays.copyOfRange(ids, request.from(), ids.length);
                rest.add(new Work(session, asked, true, (i, logits) -> likeliest[i] = likeliest(logits)));
            }
            run(prefixes);
            run(rest);
            return out;
        } finally {
            open.forEach(this::end);
        }
    }

    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @Override
    public String generate(int[] prompt, int maxNewTokens, List<String> stop) {
        GenerationOptions greedy = GenerationOptions.builder()
                .maxTokens(maxNewTokens)
                .stop(stop)
                .session(options)
                .build();
        try (Session session = model.session(options);
                Generation generation = session.generate(prompt, greedy)) {
            String text = generation.join();
            loopsUsed = loopsUsed.plus(session.loopsUsed());
            return text;
        }
    }
}
