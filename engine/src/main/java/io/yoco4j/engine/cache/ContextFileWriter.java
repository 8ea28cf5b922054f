package io.yoco4j.engine.cache;

import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** Writes a {@link ContextFile}. */
public final class ContextFileWriter {
    private static final int PART_IDS = 1 << 20;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ContextFileWriter() {}

    /**
     * Saves a context, which must not change meanwhile. What was at {@code path} is replaced whole or not at all.
     *
     * @param model fingerprint of the weights
     * @param pending a token that belongs to the context and is not taken in yet
     * @throws java.io.UncheckedIOException naming the file
     */
    public static void write(Path path, ContextState context, String model, OptionalInt pending) {
        int[] tokens = context.tokens();
        int[] open = pending.stream().toArray();
        Map<String, String> metadata = Map.of(
                "kind",
                ContextFile.KIND,
                "version",
                ContextFile.VERSION,
                "architecture",
                ArchitectureJson.tree(context.architecture()).toString(),
                "loops",
                ContextFile.loops(context.architecture()),
                "kv",
                ContextFile.name(context.format()),
                "position",
                String.valueOf(tokens.length),
                "model",
                model);
        Checksum sum = new Checksum().add(metadata);
        SafetensorsWriter writer = new SafetensorsWriter(metadata);
        writer.addParts(ContextFile.TOKENS, DType.I32, shape(tokens), sum.over(littleEndian(tokens)));
        writer.addParts(ContextFile.PENDING, DType.I32, shape(open), sum.over(littleEndian(open)));
        for (SavedTensor t : SavedTensor.of(context, tokens.length)) {
            writer.addParts(t.name(), t.dtype(), t.shape(), sum.over(t.parts()));
        }
        // Asked for last, when all the others have gone by.
        writer.add(ContextFile.CHECKSUM, DType.I64, ContextFile.ONE, sum::bytes);
        writer.write(path);
    }

    private static long[] shape(int[] values) {
        return new long[] {values.length};
    }

    private static List<MemorySegment> littleEndian(int[] values) {
        List<MemorySegment> parts = new ArrayList<>();
        for (int from = 0; from < values.length; from += PART_IDS) {
            int n = Math.min(PART_IDS, values.length - from);
            MemorySegment part = MemorySegment.ofArray(new byte[n * Integer.BYTES]);
            MemorySegment.copy(values, from, part, INT, 0, n);
            parts.add(part);
        }
        return parts;
    }
}
