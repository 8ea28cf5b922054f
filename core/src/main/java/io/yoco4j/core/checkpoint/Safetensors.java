package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.json.JsonFields;
import io.yoco4j.core.json.StrictJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file, memory-mapped: 8 bytes of header length, a JSON header, then the tensors' bytes. Every number in
 * the header is checked against the file's length before it is used; tensors must fill the data exactly, without holes
 * or overlaps, as the format's own reader demands.
 */
public final class Safetensors {
    /** The longest header that is read, as in the reference implementation. */
    static final long MAX_HEADER = 100_000_000;

    private static final String METADATA = "__metadata__";

    private final Path path;
    private final long bytes;
    private final Map<String, StoredTensor> tensors;
    private final Map<String, String> metadata;

    private Safetensors(Path path, long bytes, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
        this.path = path;
        this.bytes = bytes;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Maps a file.
     *
     * @param arena how long the tensors stay valid
     * @throws InvalidInputException when it is missing or not a sound safetensors file; names file, tensor and byte
     * @throws UncheckedIOException when reading fails
     */
    public static Safetensors open(Path path, Arena arena) {
        if (!Files.isRegularFile(path)) {
            throw new InvalidInputException(path + " is missing or not a file: name a safetensors file");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return parse(path, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(path + " is missing", e);
        } catch (UnsupportedOperationException e) {
            throw new InvalidInputException(
                    path + " cannot be mapped to memory, since it is in an archive or the like: copy it to a disk", e);
        } catch (IOException e) {
            throw new UncheckedIOException(path + " could not be read: " + AtomicFiles.reason(e), e);
        }
    }

    static Safetensors parse(Path path, MemorySegment file) {
        long size = file.byteSize();
        if (size < 8) {
            throw new InvalidInputException(path + " has " + size + " bytes, too few for a safetensors header: "
                    + "it is truncated or another kind of file");
        }
        long headerLength = file.get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
        if (headerLength < 2 || headerLength > size - 8 || headerLength > MAX_HEADER) {
            throw new InvalidInputException(path + ": byte 0 says the header has "
                    + Long.toUnsignedString(headerLength) + " bytes, but the file has " + (size - 8)
                    + " after it: it is truncated or not a safetensors file");
        }
        byte[] header = file.asSlice(8, headerLength).toArray(ValueLayout.JAVA_BYTE);
        ObjectNode root;
        try {
            root = StrictJson.object(header, 8);
        } catch (InvalidInputException e) {
            throw e.in(path + ": the header ");
        }
        MemorySegment data = file.asSlice(8 + headerLength);
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Placed> placed = new ArrayList<>();
        for (var entry : root.properties()) {
            if (entry.getKey().equals(METADATA)) {
                readMetadata(path, entry.getValue(), metadata);
            } else {
                placed.add(Placed.read(path + ": tensor " + entry.getKey(), entry.getKey(), entry.getValue(), data));
            }
        }
        requireContiguous(path, placed, data.byteSize());
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Placed p : placed) {
            tensors.put(p.tensor.name(), p.tensor);
        }
        return new Safetensors(path, size, tensors, metadata);
    }

    private static void readMetadata(Path path, JsonNode node, Map<String, String> out) {
        if (!node.isObject()) {
            throw new InvalidInputException(path + ": " + METADATA + " must be a JSON object");
        }
        for (var entry : node.properties()) {
            if (!entry.getValue().isTextual()) {
                throw new InvalidInputException(path + ": " + METADATA + "." + entry.getKey() + " must be a string");
            }
            out.put(entry.getKey(), entry.getValue().textValue());
        }
    }

    private static void requireContiguous(Path path, List<Placed> placed, long dataSize) {
        List<Placed> byOffset = new ArrayList<>(placed);
        byOffset.sort(Comparator.comparingLong(Placed::begin).thenComparingLong(Placed::end));
        long end = 0;
        for (Placed p : byOffset) {
            if (p.begin != end) {
                throw new InvalidInputException(path + ": tensor " + p.tensor.name() + " starts at data byte " + p.begin
                        + ", but the one before it ends at " + end + ": the file is corrupt");
            }
            end = p.end;
        }
        if (end != dataSize) {
            throw new InvalidInputException(path + ": the tensors end at data byte " + end + ", but the file has "
                    + dataSize + ": it is truncated or has bytes too many");
        }
    }

    /** A tensor and its place in the data. */
    private record Placed(StoredTensor tensor, long begin, long end) {
        static Placed read(String where, String name, JsonNode node, MemorySegment data) {
            if (!node.isObject()) {
                throw new InvalidInputException(where + " must be a JSON object");
            }
            JsonNode dtypeNode = node.path("dtype");
            DType dtype = DType.named(dtypeNode.asText())
                    .orElseThrow(() -> new InvalidInputException(where + " has dtype " + JsonFields.shown(dtypeNode)
                            + ", but only F32, F16, BF16, I8, U8, I32 and I64 can be read: convert it first"));
            long[] shape = integers(where + ".shape", node.path("shape"));
            long[] offsets = integers(where + ".data_offsets", node.path("data_offsets"));
            if (shape.length > 8) {
                throw new InvalidInputException(
                        where + ".shape has " + shape.length + " dimensions, at most 8 are read");
            }
            if (offsets.length != 2 || offsets[0] > offsets[1] || offsets[1] > data.byteSize()) {
                throw new InvalidInputException(where + ".data_offsets is "
                        + JsonFields.shown(node.path("data_offsets")) + ", but the file has " + data.byteSize()
                        + " bytes of data: it is truncated or corrupt");
            }
            long bytes = dtype.bytes();
            try {
                for (long s : shape) {
                    bytes = Math.multiplyExact(bytes, s);
                }
            } catch (ArithmeticException e) {
                throw new InvalidInputException(
                        where + ".shape is " + JsonFields.shown(node.path("shape"))
                                + ", more bytes than any file has: the file is corrupt",
                        e);
            }
            if (bytes != offsets[1] - offsets[0]) {
                throw new InvalidInputException(
                        where + " has shape " + JsonFields.shown(node.path("shape")) + " of " + dtype + ", "
                                + bytes + " bytes, but its data_offsets span " + (offsets[1] - offsets[0])
                                + ": the file is corrupt");
            }
            return new Placed(
                    new StoredTensor(name, dtype, shape, data.asSlice(offsets[0], bytes)), offsets[0], offsets[1]);
        }

        private static long[] integers(String where, JsonNode node) {
            if (!node.isArray()) {
                throw new InvalidInputException(where + " must be a list of integers");
            }
            long[] out = new long[node.size()];
            for (int i = 0; i < out.length; i++) {
                JsonNode n = node.get(i);
                if (!n.isIntegralNumber() || !n.canConvertToLong() || n.longValue() < 0) {
                    throw new InvalidInputException(
                            where + "[" + i + "] is " + JsonFields.shown(n) + ", but must be an integer of at least 0");
                }
                out[i] = n.longValue();
            }
            return out;
        }
    }

    public Path path() {
        return path;
    }

    /** Length of the file. */
    public long bytes() {
        return bytes;
    }

    /** All tensors by name, in the header's order. */
    public Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** The tensor of that name, if the file has it. */
    public Optional<StoredTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /**
     * The tensor of that name.
     *
     * @throws InvalidInputException when the file lacks it
     */
    public StoredTensor tensor(String name) {
        return find(name)
                .orElseThrow(() -> new InvalidInputException(
                        path + " has no tensor " + name + ": the file is incomplete or of another architecture"));
    }

    /** The header's free text entries. */
    public Map<String, String> metadata() {
        return metadata;
    }
}
