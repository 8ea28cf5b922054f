package io.yoco4j.engine.cache;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.Safetensors;
import io.yoco4j.core.checkpoint.StoredTensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A context in a safetensors file: the tokens taken in, every state as {@link SavedTensor} says, and in the metadata what
 * they belong to. docs/format.md has the fields. A checksum over all of it, the file's last tensor, tells a file that was
 * damaged from one that was not. {@link ContextFileWriter} writes it, this reads it.
 */
public final class ContextFile {
    static final String KIND = "yoco4j session";
    static final String VERSION = "1";
    static final String TOKENS = "tokens";
    static final String PENDING = "pending";
    static final String CHECKSUM = "checksum";
    static final long[] ONE = {1};
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Safetensors file;
    private final int position;

    private ContextFile(Safetensors file, int position) {
        this.file = file;
        this.position = position;
    }

    static String name(KvFormat format) {
        return format.name().toLowerCase(Locale.ROOT);
    }

    static String loops(Architecture a) {
        return a.stages().stream().map(s -> String.valueOf(s.loops())).collect(Collectors.joining(","));
    }

    /**
     * Maps a file, and checks that all of it is a context of {@code empty}'s kind.
     *
     * @param arena how long it stays readable
     * @param empty a context that {@link #load} may fill
     * @param model fingerprint of the weights
     * @param maxPositions the most tokens there may be
     * @throws InvalidInputException when the file is missing, damaged, no session file, or of another model, loop count or
     *     cache format
     */
    public static ContextFile open(Path path, Arena arena, ContextState empty, String model, int maxPositions) {
        Safetensors file = Safetensors.open(path, arena);
        Map<String, String> metadata = file.metadata();
        if (!KIND.equals(metadata.get("kind"))) {
            throw new InvalidInputException(path + " is not a session file: name one that a session was saved to");
        }
        if (!VERSION.equals(metadata.get("version"))) {
            throw new InvalidInputException(path + " is a session file of version " + metadata.get("version")
                    + ", but this version of yoco4j reads " + VERSION + ": take the one that saved it");
        }
        requireModel(path, metadata, empty, model);
        int position = position(path, metadata, maxPositions);
        ContextFile context = new ContextFile(file, position);
        context.requireTensors(empty);
        return context;
    }

    /**
     * The tokens of a context, without a look at its states: neither they nor the checksum are read.
     *
     * @throws InvalidInputException when the file is missing, cut off, or no session file
     */
    public static int[] tokens(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors file = Safetensors.open(path, arena);
            if (!KIND.equals(file.metadata().get("kind"))) {
                throw new InvalidInputException(path + " is not a session file: name one that a session was saved to");
            }
            int position = position(path, file.metadata(), Integer.MAX_VALUE);
            ContextFile context = new ContextFile(file, position);
            context.require(TOKENS, DType.I32, new long[] {position});
            return context.tokens();
        }
    }

    private static void requireModel(Path path, Map<String, String> metadata, ContextState empty, String model) {
        Architecture saved;
        try {
            saved = ArchitectureJson.read(field(path, metadata, "architecture"));
        } catch (InvalidInputException e) {
            throw e.in(path + ": its architecture is damaged: ");
        }
        Architecture own = empty.architecture();
        if (!unlooped(saved).equals(unlooped(own)) || !model.equals(metadata.get("model"))) {
            throw new InvalidInputException(
                    path + " was saved from another model: open that one, or name another session file");
        }
        if (!saved.equals(own)) {
            throw new InvalidInputException(path + " was saved with " + loops(saved) + " loops of the stages, but the"
                    + " session has " + loops(own) + ": give it the same loops, or name another session file");
        }
        String format = field(path, metadata, "kv");
        if (!format.equals(name(empty.format()))) {
            throw new InvalidInputException(path + " has keys and values in " + format
                    + ", but the model stores them in " + name(empty.format()) + ": open it with kv " + format
                    + ", or name another session file");
        }
    }

    private static Architecture unlooped(Architecture a) {
        return a.toBuilder()
                .stages(a.stages().stream().map(s -> s.withLoops(1)).toList())
                .build();
    }

    private static String field(Path path, Map<String, String> metadata, String name) {
        String value = metadata.get(name);
        if (value == null) {
            throw new InvalidInputException(path + ": its metadata has no " + name + ": the file is damaged");
        }
        return value;
    }

    private static int position(Path path, Map<String, String> metadata, int maxPositions) {
        String text = field(path, metadata, "position");
        if (!text.matches("0|[1-9][0-9]{0,9}")) {
            throw new InvalidInputException(path + ": its position is \"" + text + "\": the file is damaged");
        }
        long position = Long.parseLong(text);
        if (position > maxPositions) {
            throw new InvalidInputException(path + " has a context of " + position
                    + " tokens, but the session may have " + maxPositions + ": allow it more");
        }
        return (int) position;
    }

    /** Checks that exactly the right tensors are there, and that none of their bytes has changed. */
    private void requireTensors(ContextState empty) {
        List<SavedTensor> states = SavedTensor.of(empty, position);
        int others = 3;
        if (file.tensors().size() != states.size() + others) {
            throw damaged("it has " + file.tensors().size() + " tensors instead of " + (states.size() + others));
        }
        Checksum sum = new Checksum().add(file.metadata());
        sum.add(require(TOKENS, DType.I32, new long[] {position}).data());
        StoredTensor pending = file.tensor(PENDING);
        require(PENDING, DType.I32, new long[] {Math.min(1, pending.elements())});
        sum.add(pending.data());
        for (SavedTensor t : states) {
            sum.add(require(t.name(), t.dtype(), t.shape()).data());
        }
        StoredTensor stored = require(CHECKSUM, DType.I64, ONE);
        if (stored.toLongs()[0] != sum.value()) {
            throw damaged("its checksum is not that of its content");
        }
        requireTokens(tokens(), empty.architecture());
        requireTokens(pending().stream().toArray(), empty.architecture());
    }

    private StoredTensor require(String name, DType dtype, long[] shape) {
        StoredTensor tensor = file.tensor(name);
        if (tensor.dtype() != dtype || !Arrays.equals(tensor.shape(), shape)) {
            throw damaged("tensor " + name + " is " + tensor.dtype() + Arrays.toString(tensor.shape()) + " instead of "
                    + dtype + Arrays.toString(shape));
        }
        return tensor;
    }

    private void requireTokens(int[] ids, Architecture a) {
        if (IntStream.of(ids).anyMatch(id -> id < 0 || id >= a.vocabSize())) {
            throw damaged("it has a token outside of the vocabulary");
        }
    }

    private InvalidInputException damaged(String what) {
        return new InvalidInputException(file.path() + ": " + what + ": the file is damaged, start a new session");
    }

    /** Tokens taken in. */
    public int position() {
        return position;
    }

    private int[] tokens() {
        return integers(TOKENS);
    }

    /** The token that belongs to the context and is not taken in yet. */
    public OptionalInt pending() {
        return IntStream.of(integers(PENDING)).findFirst();
    }

    private int[] integers(String name) {
        MemorySegment data = file.tensor(name).data();
        int[] out = new int[(int) (data.byteSize() / Integer.BYTES)];
        MemorySegment.copy(data, INT, 0, out, 0, out.length);
        return out;
    }

    /** Fills the empty context that it was opened for, in which memory for {@link #position} tokens is reserved. */
    public void load(ContextState empty) {
        empty.restore(tokens());
        SavedTensor.of(empty, position).forEach(t -> t.load().accept(file.tensor(t.name())));
    }
}
