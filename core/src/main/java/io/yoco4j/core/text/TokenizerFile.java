package io.yoco4j.core.text;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What of a tokenizer.json is needed beside the native tokenizer: the vocabulary with its added tokens, and how ids become
 * text.
 */
final class TokenizerFile {
    /** No vocabulary in use comes near; a larger id in a file is a mistake and would cost memory. */
    static final int MAX_IDS = 1 << 24;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final List<String> ENDS = List.of("<|endoftext|>", "</s>", "<|im_end|>", "<eos>", "<|end_of_text|>");

    /** Stands for a space in vocabularies of SentencePiece (Kudo and Richardson 2018). */
    private static final String METASPACE = "\u2581";

    private static final Pattern BYTE = Pattern.compile("<0x([0-9A-Fa-f]{2})>");

    private final @Nullable String[] tokens;
    private final Map<String, Integer> ids;
    private final BitSet special;
    private final Set<String> decoders;
    private final OptionalInt endOfText;
    private final boolean cutsAtLines;

    private TokenizerFile(
            Map<String, Integer> ids,
            Map<Integer, String> added,
            BitSet special,
            Set<String> decoders,
            boolean cutsAtLines) {
        this.ids = ids;
        this.special = special;
        this.decoders = decoders;
        this.cutsAtLines = cutsAtLines;
        int size = ids.values().stream().mapToInt(id -> id + 1).max().orElse(0);
        tokens = new @Nullable String[size];
        ids.forEach((token, id) -> tokens[id] = token);
        added.forEach((id, token) -> tokens[id] = token);
        endOfText =
                ENDS.stream().filter(added::containsValue).mapToInt(ids::get).findFirst();
    }

    /** @throws InvalidInputException naming the field; the caller adds the file's name */
    static TokenizerFile read(String json) {
        JsonNode root;
        try {
            root = MAPPER.readTree(json);
        } catch (JacksonException e) {
            var at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw new InvalidInputException("is not valid JSON" + where + ": " + e.getOriginalMessage(), e);
        }
        Map<String, Integer> ids = new HashMap<>();
        JsonNode vocabulary = root.path("model").path("vocab");
        if (vocabulary.isObject()) {
            vocabulary.properties().forEach(e -> ids.put(e.getKey(), id(e.getValue(), "model.vocab, " + e.getKey())));
        } else if (vocabulary.isArray()) {
            for (int id = 0; id < vocabulary.size(); id++) { // Unigram: [token, score] by id
                ids.put(vocabulary.get(id).path(0).asText(), id);
            }
        } else {
            throw new InvalidInputException(
                    "model.vocab is missing, so this is not a tokenizer.json of the Hugging Face"
                            + " tokenizers library: take the one from the model's folder");
        }
        Map<Integer, String> added = new HashMap<>();
        BitSet special = new BitSet();
        int next = ids.size();
        for (JsonNode node : root.path("added_tokens")) {
            String content = node.path("content").asText();
            id(node.path("id"), "added_tokens, " + content);
            if (content.isEmpty()) {
                continue; // the library takes none
            }
            // The library does not take the id of the file either: the vocabulary's, if it has the token, else the next
            // one.
            Integer known = ids.get(content);
            int id = known == null ? next : known;
            next = Math.max(next, id + 1);
            ids.put(content, id);
            added.put(id, content);
            if (node.path("special").asBoolean()) {
                special.set(id); // once and for all, as in the library
            }
        }
        Set<String> decoders = new HashSet<>();
        collectDecoders(root.path("decoder"), decoders);
        return new TokenizerFile(ids, added, special, decoders, splitsAsTrained(root));
    }

    /** Whether text becomes pieces as {@link PreTokenizer} splits it, and is changed by nothing before or after that. */
    private static boolean splitsAsTrained(JsonNode root) {
        JsonNode steps = root.path("pre_tokenizer").path("pretokenizers");
        JsonNode split = steps.path(0);
        JsonNode byteLevel = steps.path(1);
        boolean plain = steps.size() == 2
                && split.path("type").asText().equals("Split")
                && split.path("pattern").path("Regex").asText().equals(PreTokenizer.PATTERN)
                && split.path("behavior").asText().equals("Isolated")
                && !split.path("invert").asBoolean()
                && byteLevel.path("type").asText().equals("ByteLevel")
                && !byteLevel.path("add_prefix_space").asBoolean(true)
                && !byteLevel.path("use_regex").asBoolean(true)
                && root.path("normalizer").isNull()
                && root.path("post_processor").isNull();
        for (JsonNode added : root.path("added_tokens")) {
            plain &= added.path("content").asText().indexOf('\n') < 0;
        }
        return plain;
    }

    private static int id(JsonNode node, String where) {
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 0 || node.intValue() >= MAX_IDS) {
            throw new InvalidInputException(where + ": the id is " + (node.isMissingNode() ? "missing" : node)
                    + ", but must be an integer from 0 to " + (MAX_IDS - 1));
        }
        return node.intValue();
    }

    private static void collectDecoders(JsonNode decoder, Set<String> into) {
        if (decoder.isObject()) {
            into.add(decoder.path("type").asText());
            if (decoder.path("pattern").path("String").asText().equals(METASPACE)) {
                into.add(METASPACE);
            }
            decoder.path("decoders").forEach(inner -> collectDecoders(inner, into));
        }
    }

    /** One more than the largest id. */
    int size() {
        return tokens.length;
    }

    OptionalInt id(String token) {
        Integer id = ids.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    String token(int id) {
        String token = id >= 0 && id < tokens.length ? tokens[id] : null;
        if (token == null) {
            throw new InvalidInputException("the token id " + id + " is not in the tokenizer's vocabulary of "
                    + tokens.length + " ids: the model and its tokenizer.json do not belong together");
        }
        return token;
    }

    boolean contains(int id) {
        return id >= 0 && id < tokens.length && tokens[id] != null;
    }

    /** What a token adds to a text that goes on, without regard to its neighbours. */
    byte[] bytes(int id) {
        String token = token(id);
        if (hasByteLevel()) {
            return ByteLevel.decode(token);
        }
        Matcher fallback = BYTE.matcher(token);
        if (hasByteFallback() && fallback.matches()) {
            return new byte[] {(byte) Integer.parseInt(fallback.group(1), 16)};
        }
        boolean metaspace = decoders.contains("Metaspace") || decoders.contains(METASPACE);
        return (metaspace && !isSpecial(id) ? token.replace(METASPACE, " ") : token).getBytes(StandardCharsets.UTF_8);
    }

    boolean isSpecial(int id) {
        return special.get(id);
    }

    OptionalInt endOfText() {
        return endOfText;
    }

    /** Whether decoding concatenates the tokens' bytes and reads them as UTF-8, and does nothing else. */
    boolean decodesBytes() {
        return hasByteLevel() && Set.of("ByteLevel", "Sequence", "Fuse").containsAll(decoders);
    }

    boolean hasByteLevel() {
        return decoders.contains("ByteLevel");
    }

    /** Whether decoding reads runs of tokens like {@code <0x0A>} as UTF-8. */
    boolean hasByteFallback() {
        return decoders.contains("ByteFallback");
    }

    /** Whether a text may be encoded in parts, cut where {@link PreTokenizer#cut} says. */
    boolean cutsAtLines() {
        return cutsAtLines;
    }
}
