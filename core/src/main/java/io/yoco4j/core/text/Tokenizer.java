package io.yoco4j.core.text;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/**
 * A tokenizer.json of the Hugging Face tokenizers library, run by that library. Nothing is ever truncated or padded, whatever the
 * file says. Works without network; the native library is unpacked once to {@code ~/.djl.ai}, or where {@code DJL_CACHE_DIR}
 * (environment variable or system property) says.
 *
 * <p>Thread-safe. It holds native memory until {@link #close()}, after which every use of it is an {@link IllegalStateException}.
 */
public final class Tokenizer implements AutoCloseable {
    private static final long LARGEST_FILE = 512L << 20;

    /** In chars. The library keeps a hash map with an entry per byte of the text, and slows down several times once it is large. */
    private static final int LONGEST_PART = 1 << 15;

    private final TokenizersLibrary library;
    private final TokenizerFile file;
    private final String json;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    /** The native tokenizer, 0 once closed; freed only while no call uses it. */
    private long handle;

    private Tokenizer(TokenizersLibrary library, TokenizerFile file, String json, long handle) {
        this.library = library;
        this.file = file;
        this.json = json;
        this.handle = handle;
    }

    /**
     * Reads a tokenizer.json.
     *
     * @throws InvalidInputException naming the file, if it is missing, cannot be read, or is not a valid tokenizer.json
     * @throws UncheckedIOException if the native library does not run on this machine
     */
    public static Tokenizer load(Path tokenizerJson) {
        String json;
        try {
            if (!Files.exists(tokenizerJson)) {
                throw new InvalidInputException(
                        tokenizerJson + " does not exist: give a model folder with its tokenizer.json");
            }
            if (!Files.isRegularFile(tokenizerJson)) {
                throw new InvalidInputException(tokenizerJson + " is not a file: give the path of a tokenizer.json");
            }
            if (Files.size(tokenizerJson) > LARGEST_FILE) {
                throw new InvalidInputException(tokenizerJson + " has " + Files.size(tokenizerJson)
                        + " bytes, more than any tokenizer.json: check that it is the right file");
            }
            json = Files.readString(tokenizerJson);
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(tokenizerJson + " is not UTF-8 text, so not a tokenizer.json", e);
        } catch (IOException e) {
            throw new InvalidInputException(
                    tokenizerJson + " cannot be read: check its permissions (" + e.getMessage() + ")", e);
        }
        try {
            return parse(json);
        } catch (InvalidInputException e) {
            throw e.in(tokenizerJson + ": ");
        }
    }

    /**
     * A tokenizer from the text of a tokenizer.json, such as {@link BpeVocabulary#json()}.
     *
     * @throws InvalidInputException if it is not valid
     * @throws UncheckedIOException if the native library does not run on this machine
     */
    public static Tokenizer parse(String json) {
        TokenizerFile file = TokenizerFile.read(json);
        TokenizersLibrary library = NativeTokenizers.library();
        long handle;
        try {
            handle = library.createTokenizerFromString(WellFormed.of(json));
        } catch (RuntimeException e) {
            throw new InvalidInputException(
                    "is not a valid tokenizer.json (" + e.getMessage() + "): take the file of the model again", e);
        }
        library.disableTruncation(handle);
        library.disablePadding(handle);
        return new Tokenizer(library, file, json, handle);
    }

    /**
     * The ids of {@code text}, without the special tokens that the file's post-processor would add (no beginning of sequence).
     * The text of a special token inside {@code text} becomes that token. Lone surrogates, which have no UTF-8 form, are read as
     * U+FFFD.
     */
    public int[] encode(String text) {
        return encode(text, false);
    }

    /** As {@link #encode}, with the special tokens that the file's post-processor adds, such as {@code <s>} in front. Models say
     * in generation_config.json what their texts begin with. */
    public int[] encodeWithSpecialTokens(String text) {
        return encode(text, true);
    }

    private int[] encode(String text, boolean withSpecial) {
        String wellFormed = WellFormed.of(text);
        if (wellFormed.length() <= LONGEST_PART || !file.cutsAtLines()) {
            return encodePart(wellFormed, withSpecial);
        }
        IntStream.Builder ids = IntStream.builder();
        for (int from = 0; from < wellFormed.length(); ) {
            int to = PreTokenizer.cut(wellFormed, Math.min(from + LONGEST_PART, wellFormed.length()));
            for (int id : encodePart(wellFormed.substring(from, to), withSpecial)) {
                ids.add(id);
            }
            from = to;
        }
        return ids.build().toArray();
    }

    private int[] encodePart(String text, boolean withSpecial) {
        long[] ids = use(tokenizer -> {
            // HuggingFaceTokenizer.encode would also copy offsets, masks and words of every token, which costs more
            // than encoding.
            long encoding = library.encode(tokenizer, text, withSpecial);
            try {
                return library.getTokenIds(encoding);
            } finally {
                library.deleteEncoding(encoding);
            }
        });
        int[] result = new int[ids.length];
        for (int i = 0; i < ids.length; i++) {
            result[i] = (int) ids[i];
        }
        return result;
    }

    /**
     * The text of {@code ids}, special tokens left out; U+FFFD where their bytes are not UTF-8.
     *
     * @throws InvalidInputException if an id is not in the vocabulary
     */
    public String decode(int[] ids) {
        return decode(ids, false);
    }

    /** As {@link #decode(int[])}; with {@code keepSpecial}, special tokens stand in the text as they are written. */
    public String decode(int[] ids, boolean keepSpecial) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            file.token(ids[i]);
            wide[i] = ids[i];
        }
        return use(tokenizer -> library.decode(tokenizer, wide, !keepSpecial));
    }

    /** A decoder for ids that come one at a time; any number may be in use, while this tokenizer is open. */
    public StreamingDecoder streamingDecoder() {
        return file.decodesBytes() ? new ByteStream(file) : new ContextStream(this, file);
    }

    /** One more than the largest id, added tokens included: what a model's vocabulary must at least have. */
    public int vocabularySize() {
        return file.size();
    }

    /** The id of a vocabulary entry, written as in the file ({@code Ġthe}, {@code ▁the}, {@code <s>}). */
    public OptionalInt id(String token) {
        return file.id(token);
    }

    /**
     * The vocabulary entry of an id, written as in the file.
     *
     * @throws InvalidInputException if the id is not in the vocabulary
     */
    public String token(int id) {
        return file.token(id);
    }

    /** Whether there is a vocabulary entry of an id; ids need not be without gaps. */
    public boolean contains(int id) {
        return file.contains(id);
    }

    /**
     * The bytes that a token adds to a text, UTF-8 or a part of a code point; its leading space is among them, also where a
     * text that begins with the token has none. A special token is as it is written.
     *
     * @throws InvalidInputException if the id is not in the vocabulary
     */
    public byte[] bytes(int id) {
        return file.bytes(id);
    }

    /**
     * The token that ends a document: the first of {@code <|endoftext|>}, {@code </s>}, {@code <|im_end|>}, {@code <eos>}, {@code
     * <|end_of_text|>} that is among the file's added tokens.
     */
    public OptionalInt endOfText() {
        return file.endOfText();
    }

    /** The text of the tokenizer.json, as it was read. */
    public String json() {
        return json;
    }

    /** Frees the native memory, after the calls under way have ended; closing twice is closing once. */
    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (handle != 0) {
                library.deleteTokenizer(handle);
                handle = 0;
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private <T> T use(LongFunction<T> action) {
        Lock shared = lock.readLock();
        shared.lock();
        try {
            if (handle == 0) {
                throw new IllegalStateException(
                        "the tokenizer is closed, as its model may be: open it again, or close it after its last use");
            }
            return action.apply(handle);
        } catch (RuntimeException e) {
            throw e instanceof IllegalStateException
                    ? e
                    : new InvalidInputException(
                            "the tokenizer cannot take this text (" + e.getMessage()
                                    + "): its vocabulary lacks a piece of it, and it has no token for the unknown",
                            e);
        } finally {
            shared.unlock();
        }
    }
}
