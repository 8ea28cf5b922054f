package io.yoco4j.train.data;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * index.json of a folder of shards.
 *
 * @param dtype {@code u16} or {@code u32}, little-endian
 * @param specHash of the sources' names, their weights and the options, see {@link Shards#specHash}
 */
record ShardIndex(
        @JsonProperty("format") String format,
        @JsonProperty("version") int version,
        @JsonProperty("dtype") String dtype,
        @JsonProperty("vocabulary_size") int vocabularySize,
        @JsonProperty("end_of_text") int endOfText,
        @JsonProperty("tokenizer_hash") String tokenizerHash,
        @JsonProperty("spec_hash") String specHash,
        @JsonProperty("train") Totals train,
        @JsonProperty("validation") Totals validation,
        @JsonProperty("sources") List<Source> sources) {

    static final String FILE = "index.json";
    static final String FORMAT = "yoco4j-shards";
    static final int VERSION = 1;

    // 64 MB index some half million shard files.
    private static final long MAX_BYTES = 64 << 20;

    private static final String SHARD = "[A-Za-z0-9_-]+\\.bin";

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .withConfigOverride(List.class, c -> c.setSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL)))
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    /** Sizes of a part of the corpus; bytes are of the texts in UTF-8, tokens include the separators. */
    record Totals(
            @JsonProperty("tokens") long tokens,
            @JsonProperty("documents") long documents,
            @JsonProperty("bytes") long bytes) {
        static final Totals NONE = new Totals(0, 0, 0);

        Totals plus(Totals other) {
            return new Totals(
                    Math.addExact(tokens, other.tokens),
                    Math.addExact(documents, other.documents),
                    Math.addExact(bytes, other.bytes));
        }
    }

    record Source(
            @JsonProperty("name") String name,
            @JsonProperty("weight") double weight,
            @JsonProperty("train") Stream train,
            @JsonProperty("validation") Stream validation) {}

    /** The tokens of one source in one split: its files, in order. */
    record Stream(
            @JsonProperty("tokens") long tokens,
            @JsonProperty("documents") long documents,
            @JsonProperty("bytes") long bytes,
            @JsonProperty("files") List<ShardFile> files) {
        Totals totals() {
            return new Totals(tokens, documents, bytes);
        }
    }

    /** @param crc32c of the file's bytes */
    record ShardFile(
            @JsonProperty("name") String name,
            @JsonProperty("tokens") long tokens,
            @JsonProperty("crc32c") long crc32c) {}

    int width() {
        return dtype.equals("u16") ? 2 : 4;
    }

    String write() {
        try {
            return MAPPER.writeValueAsString(this) + "\n";
        } catch (JacksonException e) {
            throw new IllegalStateException("an index of plain records is always JSON", e);
        }
    }

    /** Whether a folder is one of shards, whole or damaged, and holds nothing else. */
    static boolean allIn(Path dir) throws IOException {
        Path index = dir.resolve(FILE);
        if (!Files.isDirectory(dir) || !Files.isRegularFile(index) || Files.size(index) > MAX_BYTES) {
            return false;
        }
        try (java.util.stream.Stream<Path> entries = Files.list(dir)) {
            return new String(Files.readAllBytes(index), StandardCharsets.UTF_8).contains('"' + FORMAT + '"')
                    && entries.map(entry -> String.valueOf(entry.getFileName()))
                            .allMatch(name -> name.equals(FILE) || name.matches(SHARD));
        }
    }

    /** Reads and checks the index of {@code dir}: every count must add up, and every file have its length. */
    static ShardIndex read(Path dir) throws IOException {
        Path file = dir.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new InvalidInputException(dir + " has no " + FILE
                    + ": it is no folder of token shards, or its build was interrupted; build it");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw bad(file, "it has " + Files.size(file) + " bytes");
        }
        @Nullable ShardIndex index;
        try {
            index = MAPPER.readValue(Files.readAllBytes(file), ShardIndex.class);
        } catch (JsonMappingException e) {
            String field = e.getPath().stream()
                    .map(r -> r.getFieldName() == null ? "[" + r.getIndex() + "]" : r.getFieldName())
                    .collect(Collectors.joining("."));
            throw new InvalidInputException(
                    file + " is not a shard index: " + (field.isEmpty() ? "" : "field " + field + ": ")
                            + e.getOriginalMessage() + "; build the shards again",
                    e);
        } catch (JacksonException e) {
            throw new InvalidInputException(
                    file + " is not valid JSON (" + e.getOriginalMessage() + "): build the shards again", e);
        }
        if (index == null) {
            throw new InvalidInputException(file + " is not a shard index, but null: build the shards again");
        }
        if (!index.format.equals(FORMAT) || index.version != VERSION) {
            throw new InvalidInputException(file + " has format " + index.format + " version " + index.version
                    + ", but this version of yoco4j reads " + FORMAT + " version " + VERSION
                    + ": build the shards again");
        }
        index.check(dir, file);
        return index;
    }

    private void check(Path dir, Path file) throws IOException {
        if (vocabularySize < 1 || endOfText < 0 || endOfText >= vocabularySize) {
            throw bad(file, "end_of_text is " + endOfText + ", vocabulary_size " + vocabularySize);
        }
        if (!dtype.equals(dtype(vocabularySize))) {
            throw bad(
                    file,
                    "dtype is " + dtype + ", but a vocabulary of " + vocabularySize + " takes "
                            + dtype(vocabularySize));
        }
        Totals trainSum = Totals.NONE;
        Totals validationSum = Totals.NONE;
        try {
            for (Source s : sources) {
                if (!(s.weight > 0) || Double.isInfinite(s.weight)) {
                    throw bad(file, "the weight of source " + s.name + " is " + s.weight);
                }
                check(dir, file, s.train);
                check(dir, file, s.validation);
                trainSum = trainSum.plus(s.train.totals());
                validationSum = validationSum.plus(s.validation.totals());
            }
        } catch (ArithmeticException e) {
            throw new InvalidInputException(file + " has counts that overflow: build the shards again", e);
        }
        if (!trainSum.equals(train) || !validationSum.equals(validation)) {
            throw bad(file, "the counts of its sources do not add up to those of train and validation");
        }
    }

    private void check(Path dir, Path file, Stream stream) throws IOException {
        if (stream.tokens < 0 || stream.documents < 0 || stream.bytes < 0) {
            throw bad(file, "a count is negative");
        }
        long sum = 0;
        for (ShardFile f : stream.files) {
            if (!f.name.matches(SHARD)) {
                throw bad(file, "\"" + f.name + "\" is no name of a shard file");
            }
            Path shard = dir.resolve(f.name);
            if (!Files.isRegularFile(shard)) {
                throw new InvalidInputException(
                        shard + " is missing, but " + FILE + " lists it: copy it here, or build the shards again");
            }
            long length = Files.size(shard);
            if (f.tokens < 1 || length != Math.multiplyExact(f.tokens, width())) {
                throw new InvalidInputException(shard + " has " + length + " bytes, but " + FILE + " lists " + f.tokens
                        + " tokens of " + width() + " bytes: copy it again, or build the shards again");
            }
            sum = Math.addExact(sum, f.tokens);
        }
        if (sum != stream.tokens) {
            throw bad(file, "the tokens of its files do not add up to those of their source");
        }
    }

    private static InvalidInputException bad(Path file, String what) {
        return new InvalidInputException(file + " is damaged: " + what + "; build the shards again");
    }

    static String dtype(int vocabularySize) {
        return vocabularySize <= 1 << 16 ? "u16" : "u32";
    }
}
