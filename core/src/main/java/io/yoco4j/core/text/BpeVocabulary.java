package io.yoco4j.core.text;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A trained byte-level BPE vocabulary. Id 0 is {@value #END_OF_TEXT}, ids 1 to 256 are the bytes 0 to 255, and id 257 + m is what
 * merge m makes.
 */
public final class BpeVocabulary {
    /** The special token that separates documents; its id is 0. */
    public static final String END_OF_TEXT = "<|endoftext|>";

    /** The special token and the bytes: the size of a vocabulary without merges. */
    public static final int BASE_SIZE = 257;

    private final List<String> tokens;
    private final List<String> merges;

    BpeVocabulary(List<PairMerger.Merge> pairs) {
        List<String> symbols = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            symbols.add(ByteLevel.encode(new byte[] {(byte) b}));
        }
        List<String> lines = new ArrayList<>();
        for (PairMerger.Merge pair : pairs) {
            String left = symbols.get(pair.left());
            String right = symbols.get(pair.right());
            symbols.add(left + right);
            lines.add(left + " " + right);
        }
        symbols.addFirst(END_OF_TEXT);
        tokens = List.copyOf(symbols);
        merges = List.copyOf(lines);
    }

    /** The number of ids, the special token included. */
    public int vocabularySize() {
        return tokens.size();
    }

    /** The tokens by id, in the byte-level alphabet: a space is {@code Ġ}, a newline {@code Ċ}. */
    public List<String> tokens() {
        return tokens;
    }

    /** The merges in order, each as its two parts with a space between them. */
    public List<String> merges() {
        return merges;
    }

    /** The text of a tokenizer.json that {@link Tokenizer} and the Hugging Face tokenizers library read. */
    public String json() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        root.putArray("added_tokens")
                .addObject()
                .put("id", 0)
                .put("content", END_OF_TEXT)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
        root.putNull("normalizer");
        ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
        var steps = sequence.putArray("pretokenizers");
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", PreTokenizer.PATTERN);
        split.put("behavior", "Isolated").put("invert", false);
        byteLevel(steps.addObject());
        root.putNull("post_processor");
        byteLevel(root.putObject("decoder"));
        ObjectNode model = root.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token").putNull("continuing_subword_prefix");
        model.putNull("end_of_word_suffix").put("fuse_unk", false).put("byte_fallback", false);
        model.put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        var mergeNodes = model.putArray("merges");
        merges.forEach(mergeNodes::add);
        return root.toPrettyString() + "\n";
    }

    private static void byteLevel(ObjectNode node) {
        node.put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
    }

    /**
     * Writes {@link #json()} so that {@code file} is at any time either as before or complete: to a temporary file in the same
     * folder, which is synced and renamed.
     *
     * @throws IOException saying why, if the folder does not exist or cannot be written
     */
    public void write(Path file) throws IOException {
        // Not Files.createTempFile, whose files no other user may read.
        Path temporary = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer bytes = ByteBuffer.wrap(json().getBytes(StandardCharsets.UTF_8));
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
            throw new IOException("Cannot write " + file + ": its folder does not exist", e);
        } catch (IOException e) {
            throw new IOException("Cannot write " + file + ": " + e.getMessage(), e);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
