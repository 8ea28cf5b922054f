package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Writes a safetensors file, one tensor or a part of one in memory at a time; the file appears whole or not at all. */
public final class SafetensorsWriter {
    private static final JsonMapper MAPPER = new JsonMapper();
    /** The data starts at a multiple of this, so that mapped rows are aligned to cache lines. */
    private static final int ALIGNMENT = 64;

    private record Entry(String name, DType dtype, long[] shape, Iterable<MemorySegment> parts) {
        long bytes() {
            long n = dtype.bytes();
            for (long s : shape) {
                n = Math.multiplyExact(n, s);
            }
            return n;
        }
    }

    private final List<Entry> entries = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final Map<String, String> metadata;

    public SafetensorsWriter() {
        this(Map.of());
    }

    /** A writer whose header carries free text entries. */
    public SafetensorsWriter(Map<String, String> metadata) {
        this.metadata = Map.copyOf(metadata);
    }

    /**
     * Adds a tensor whose bytes are asked for when its turn to be written comes.
     *
     * @param data little-endian bytes, as many as type and shape say
     */
    public SafetensorsWriter add(String name, DType dtype, long[] shape, Supplier<MemorySegment> data) {
        return addParts(name, dtype, shape, () -> List.of(data.get()).iterator());
    }

    /**
     * Adds a tensor whose bytes come in parts, each asked for once the one before is written.
     *
     * @param parts little-endian bytes, together as many as type and shape say
     */
    public SafetensorsWriter addParts(String name, DType dtype, long[] shape, Iterable<MemorySegment> parts) {
        if (!names.add(name)) {
            throw new IllegalArgumentException("tensor " + name + " was added already");
        }
        entries.add(new Entry(name, dtype, shape.clone(), parts));
        return this;
    }

    /** Adds a tensor as it lies in another file. */
    public SafetensorsWriter add(StoredTensor tensor) {
        return add(tensor.name(), tensor.dtype(), tensor.shape(), tensor::data);
    }

    /** Adds a float32 tensor. */
    public SafetensorsWriter add(String name, long[] shape, float[] values) {
        return add(name, DType.F32, shape, () -> littleEndian(values));
    }

    /** Adds an int64 tensor. */
    public SafetensorsWriter add(String name, long[] shape, long[] values) {
        return add(name, DType.I64, shape, () -> {
            MemorySegment out = Arena.ofAuto().allocate(8L * values.length, 8);
            MemorySegment.copy(
                    values, 0, out, ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN), 0, values.length);
            return out;
        });
    }

    private static MemorySegment littleEndian(float[] values) {
        MemorySegment out = Arena.ofAuto().allocate(4L * values.length, 4);
        MemorySegment.copy(values, 0, out, ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN), 0, values.length);
        return out;
    }

    /**
     * Writes the file.
     *
     * @throws java.io.UncheckedIOException naming the file; what was there before is then untouched
     */
    public void write(Path path) {
        AtomicFiles.write(path, channel -> {
            writeFully(channel, ByteBuffer.wrap(header()));
            for (Entry e : entries) {
                long written = 0;
                for (MemorySegment part : e.parts) {
                    written += part.byteSize();
                    requireBytes(e, written <= e.bytes(), written);
                    write(channel, part);
                }
                requireBytes(e, written == e.bytes(), written);
            }
        });
    }

    private static void requireBytes(Entry e, boolean right, long given) throws IOException {
        if (!right) {
            throw new IOException("tensor " + e.name + " gave " + given + " bytes instead of " + e.bytes());
        }
    }

    private static void write(FileChannel channel, MemorySegment data) throws IOException {
        for (long at = 0; at < data.byteSize(); at += 1 << 26) {
            writeFully(
                    channel,
                    data.asSlice(at, Math.min(1 << 26, data.byteSize() - at)).asByteBuffer());
        }
    }

    private byte[] header() {
        ObjectNode root = MAPPER.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject("__metadata__");
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (Entry e : entries) {
            ObjectNode node = root.putObject(e.name);
            node.put("dtype", e.dtype.name());
            var shape = node.putArray("shape");
            for (long s : e.shape) {
                shape.add(s);
            }
            node.putArray("data_offsets").add(offset).add(offset + e.bytes());
            offset += e.bytes();
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + 8 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer out = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(padded - 8L).put(json);
        while (out.hasRemaining()) {
            out.put((byte) ' ');
        }
        return out.array();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
