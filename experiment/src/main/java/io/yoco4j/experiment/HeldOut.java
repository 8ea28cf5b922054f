package io.yoco4j.experiment;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.Sha256;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.Experiment.Prefix;
import io.yoco4j.train.data.Document;
import io.yoco4j.train.data.Sources;
import io.yoco4j.train.data.WeightedSource;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Held-out text as tokens. Documents come in the order of a hash of their text: a limit then takes a sample of them all,
 * and the same one each time.
 *
 * @param sets documents by the set's name
 * @param segments places with a prefix before them
 */
record HeldOut(Map<String, List<Tokens>> sets, List<Segment> segments) {

    /**
     * A document, or its beginning where the limit cut it.
     *
     * @param bytes of its text in UTF-8
     */
    record Tokens(int[] ids, long bytes) {}

    /**
     * Tokens to predict and the longest prefix before them.
     *
     * @param bytes of the text of those to predict
     */
    record Segment(int[] prefix, int[] last, long bytes) {}

    /** A text and where it is from. */
    private record Text(String text, String hash) {}

    /**
     * Reads and tokenizes the held-out sets.
     *
     * @param tokens of each set, at most
     * @throws InvalidInputException when a set has no document, or none that is long enough for the prefixes
     */
    static HeldOut read(Data data, long tokens, Optional<Prefix> prefix, TextCodec tokenizer) {
        Map<String, List<Tokens>> sets = new LinkedHashMap<>();
        List<Segment> segments = List.of();
        for (Map.Entry<String, List<String>> set : data.heldOut().entrySet()) {
            List<Text> texts = texts(set.getValue());
            sets.put(set.getKey(), limited(texts, tokens, tokenizer));
            if (prefix.isPresent() && prefix.get().heldOut().equals(set.getKey())) {
                segments = segments(texts, prefix.get(), tokenizer);
            }
        }
        return new HeldOut(sets, segments);
    }

    private static List<Text> texts(List<String> sources) {
        List<Text> texts = new ArrayList<>();
        for (WeightedSource source : Sources.parse(sources)) {
            try (Stream<Document> documents = source.source().documents()) {
                documents
                        .filter(d -> !d.text().isBlank())
                        .forEach(d -> texts.add(new Text(d.text(), Sha256.hex(d.text()))));
            }
        }
        if (texts.isEmpty()) {
            throw new InvalidInputException(
                    "data.held_out: " + String.join(", ", sources) + " has no document with text: name another source");
        }
        texts.sort(Comparator.comparing(Text::hash));
        return texts;
    }

    private static List<Tokens> limited(List<Text> texts, long limit, TextCodec tokenizer) {
        List<Tokens> documents = new ArrayList<>();
        long left = limit;
        for (Text text : texts) {
            if (left == 0) {
                break;
            }
            int[] ids = tokenizer.encode(text.text());
            if (ids.length <= left) {
                documents.add(new Tokens(ids, bytes(text.text())));
            } else {
                ids = Arrays.copyOf(ids, (int) left);
                documents.add(new Tokens(ids, bytes(tokenizer.decode(ids))));
            }
            left -= ids.length;
        }
        return documents;
    }

    /** Non-overlapping stretches of long documents, one of each document first, then the second of each, and so on. */
    private static List<Segment> segments(List<Text> texts, Prefix prefix, TextCodec tokenizer) {
        int length = prefix.longest() + prefix.last();
        List<List<Segment>> byDocument = new ArrayList<>();
        for (Text text : texts) {
            // A token has at least a byte, so shorter texts cannot reach.
            if (text.text().length() * 4L < length || byDocument.size() == prefix.segments()) {
                continue;
            }
            int[] ids = tokenizer.encode(text.text());
            List<Segment> segments = new ArrayList<>();
            for (int from = 0; from + length <= ids.length && segments.size() < prefix.segments(); from += length) {
                int middle = from + prefix.longest();
                int[] last = Arrays.copyOfRange(ids, middle, from + length);
                segments.add(new Segment(Arrays.copyOfRange(ids, from, middle), last, bytes(tokenizer.decode(last))));
            }
            if (!segments.isEmpty()) {
                byDocument.add(segments);
            }
        }
        List<Segment> chosen = new ArrayList<>();
        for (int i = 0; chosen.size() < prefix.segments() && i < prefix.segments(); i++) {
            for (List<Segment> segments : byDocument) {
                if (i < segments.size() && chosen.size() < prefix.segments()) {
                    chosen.add(segments.get(i));
                }
            }
        }
        if (chosen.isEmpty()) {
            throw new InvalidInputException("evaluate.prefix: no document of held-out set " + prefix.heldOut() + " has "
                    + length + " tokens: take shorter lengths, or another set with evaluate.prefix.held_out");
        }
        return chosen;
    }

    private static long bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
