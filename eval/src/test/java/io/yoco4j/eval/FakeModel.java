package io.yoco4j.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.BiFunction;
import java.util.stream.IntStream;

/**
 * A model whose tokens are characters, or the words that it is told, and whose log-probabilities are set by hand: each character of a continuation has the
 * one that was given for it, -1 where none was.
 */
public final class FakeModel implements LanguageModel {
    public static final int START = 0xffff;

    private final int maxTokens;
    private final Map<Integer, Double> logProbabilities = new HashMap<>();
    private final Map<String, Double> continuations = new HashMap<>();
    private List<String> words = List.of();
    private String answer = "";
    private OptionalInt begin = OptionalInt.empty();
    private BiFunction<int[], Integer, Integer> next = (ids, i) -> ids[i];
    /** Every request that came, its tokens as text, "prefix|continuation|...". */
    public final List<String> requests = new ArrayList<>();

    public final List<String> prompts = new ArrayList<>();

    /** The most tokens that were to be made, of every prompt. */
    public final List<Integer> newTokens = new ArrayList<>();

    public FakeModel(int maxTokens) {
        this.maxTokens = maxTokens;
    }

    /** Makes its tokens these words; what is none of them is the first. */
    public FakeModel words(List<String> vocabulary) {
        words = vocabulary;
        return this;
    }

    /** Sets the log-probability of a character, wherever it stands. */
    public FakeModel character(char c, double logProbability) {
        logProbabilities.put((int) c, logProbability);
        return this;
    }

    /** Sets the log-probability of a whole continuation. */
    public FakeModel continuation(String text, double logProbability) {
        continuations.put(text, logProbability);
        return this;
    }

    /** Makes its texts begin with the start token. */
    public FakeModel begins() {
        begin = OptionalInt.of(START);
        return this;
    }

    @Override
    public OptionalInt beginToken() {
        return begin;
    }

    public FakeModel answer(String text) {
        answer = text;
        return this;
    }

    /** Sets what is likeliest after a position of a sequence; the token there where nothing is set. */
    public FakeModel next(BiFunction<int[], Integer, Integer> likeliest) {
        next = likeliest;
        return this;
    }

    @Override
    public int[] encode(String text) {
        return words.isEmpty()
                ? text.chars().toArray()
                : Arrays.stream(text.split(" "))
                        .mapToInt(w -> Math.max(0, words.indexOf(w)))
                        .toArray();
    }

    @Override
    public String decode(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append((char) id);
        }
        return text.toString();
    }

    @Override
    public int startToken() {
        return START;
    }

    @Override
    public int maxTokens() {
        return maxTokens;
    }

    @Override
    public List<List<ContinuationScore>> score(List<ScoreRequest> batch) {
        List<List<ContinuationScore>> scores = new ArrayList<>();
        for (ScoreRequest request : batch) {
            StringBuilder seen = new StringBuilder(decode(request.prefix()));
            List<ContinuationScore> of = new ArrayList<>();
            for (int[] continuation : request.continuations()) {
                seen.append('|').append(decode(continuation));
                of.add(score(continuation));
            }
            requests.add(seen.toString());
            scores.add(of);
        }
        return scores;
    }

    private ContinuationScore score(int[] ids) {
        String text = decode(ids);
        if (continuations.containsKey(text)) {
            double set = continuations.get(text);
            return new ContinuationScore(set, set > -1);
        }
        double sum = 0;
        for (int id : ids) {
            sum += logProbabilities.getOrDefault(id, -1.0);
        }
        return new ContinuationScore(sum, sum > -1);
    }

    @Override
    public List<int[]> greedy(List<GreedyRequest> batch) {
        return batch.stream()
                .map(r -> IntStream.range(r.from(), r.ids().length)
                        .map(i -> next.apply(r.ids(), i))
                        .toArray())
                .toList();
    }

    @Override
    public String generate(int[] prompt, int maxNewTokens, List<String> stop) {
        prompts.add(decode(prompt));
        newTokens.add(maxNewTokens);
        return stop.stream()
                .map(s -> answer.contains(s) ? answer.substring(0, answer.indexOf(s)) : answer)
                .min(Comparator.comparing(String::length))
                .orElse(answer);
    }
}
