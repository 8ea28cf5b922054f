package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path temp;

    private Path file(long headerLength, byte[] header, int dataBytes) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(headerLength).put(header);
        return Files.write(temp.resolve("bad.safetensors"), out.array());
    }

    private Path file(String header, int dataBytes) throws IOException {
        byte[] bytes = header.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
        return file(bytes.length, bytes, dataBytes);
    }

    private static void refused(Path file, String message) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.open(file, arena))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining(file.toString())
                    .hasMessageContaining(message);
        }
    }

    @Test
    void readsWhatTheWriterWrote() {
        Path file = temp.resolve("good.safetensors");
        new SafetensorsWriter(Map.of("k", "v"))
                .add("a", new long[] {2, 2}, new float[] {1, 2, 3, 4})
                .add("empty", new long[] {0, 3}, new float[0])
                .add("scalar", new long[0], new float[] {5})
                .add("ids", new long[] {3}, new long[] {1, -2, Long.MAX_VALUE})
                .write(file);
        try (Arena arena = Arena.ofConfined()) {
            Safetensors read = Safetensors.open(file, arena);
            assertThat(read.metadata()).containsExactly(Map.entry("k", "v"));
            assertThat(read.tensors()).containsOnlyKeys("a", "empty", "scalar", "ids");
            assertThat(read.tensor("a").toFloats()).containsExactly(1, 2, 3, 4);
            assertThat(read.tensor("empty").toFloats()).isEmpty();
            assertThat(read.tensor("scalar").toFloats()).containsExactly(5);
            assertThat(read.tensor("ids").toLongs()).containsExactly(1, -2, Long.MAX_VALUE);
            assertThatThrownBy(() -> read.tensor("b"))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("has no tensor b");
        }
    }

    @Test
    void theWriterRefusesANameTwice() {
        SafetensorsWriter writer = new SafetensorsWriter().add("a", new long[] {1}, new float[] {1});
        assertThatThrownBy(() -> writer.add("a", new long[] {1}, new float[] {2}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7})
    void tooShortForAHeaderLength(int bytes) throws IOException {
        refused(Files.write(temp.resolve("short.safetensors"), new byte[bytes]), "too few for a safetensors header");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 3, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE, -1})
    void lyingHeaderLength(long length) throws IOException {
        refused(file(length, "{}".getBytes(StandardCharsets.UTF_8), 0), "byte 0 says the header has");
    }

    @Test
    void truncatedAnywhere() throws IOException {
        Path good = temp.resolve("good.safetensors");
        new SafetensorsWriter()
                .add("a", new long[] {3}, new float[] {1, 2, 3})
                .add("b", new long[] {2}, new float[] {4, 5})
                .write(good);
        byte[] bytes = Files.readAllBytes(good);
        for (int n = 0; n < bytes.length; n++) {
            refused(Files.write(temp.resolve("cut.safetensors"), java.util.Arrays.copyOf(bytes, n)), "truncated");
        }
        refused(
                Files.write(temp.resolve("long.safetensors"), java.util.Arrays.copyOf(bytes, bytes.length + 1)),
                "too many");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[1]                    | 0 | must be a JSON object",
                "{'a'                   | 0 | the header is not valid JSON near byte",
                "{'__metadata__': 1}    | 0 | __metadata__ must be a JSON object",
                "{'__metadata__': {'a': 1}} | 0 | __metadata__.a must be a string",
                "{'t': 1}               | 0 | tensor t must be a JSON object",
                "{'t': {}}              | 0 | tensor t has dtype missing",
                "{'t': {'dtype': 'F64', 'shape': [1], 'data_offsets': [0, 8]}} | 8 | tensor t has dtype \"F64\"",
                "{'t': {'dtype': 'F32', 'data_offsets': [0, 4]}} | 4 | tensor t.shape must be a list",
                "{'t': {'dtype': 'F32', 'shape': [1]}} | 4 | tensor t.data_offsets must be a list",
                "{'t': {'dtype': 'F32', 'shape': [-1], 'data_offsets': [0, 4]}} | 4 | tensor t.shape[0] is -1",
                "{'t': {'dtype': 'F32', 'shape': [1.0], 'data_offsets': [0, 4]}} | 4 | tensor t.shape[0] is 1.0",
                "{'t': {'dtype': 'F32', 'shape': [1e400], 'data_offsets': [0, 4]}} | 4 | tensor t.shape[0] is",
                "{'t': {'dtype': 'F32', 'shape': [18446744073709551617], 'data_offsets': [0, 4]}} | 4 | tensor t.shape[0] is",
                "{'t': {'dtype': 'F32', 'shape': [1,1,1,1,1,1,1,1,1], 'data_offsets': [0, 4]}} | 4 | has 9 dimensions",
                "{'t': {'dtype': 'F32', 'shape': [4611686018427387904, 2], 'data_offsets': [0, 4]}} | 4 | more bytes than any file",
                "{'t': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 4]}} | 4 | 8 bytes, but its data_offsets span 4",
                "{'t': {'dtype': 'F32', 'shape': [1], 'data_offsets': [4, 0]}} | 4 | tensor t.data_offsets is [4,0]",
                "{'t': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4, 4]}} | 4 | tensor t.data_offsets is",
                "{'t': {'dtype': 'F32', 'shape': [1], 'data_offsets': [4, 8]}} | 4 | but the file has 4 bytes of data",
                "{'t': {'dtype': 'F32', 'shape': [1], 'data_offsets': [4, 8]}} | 8 | tensor t starts at data byte 4, but",
                "{'t': {'dtype': 'F32', 'shape': [1], 'data_offsets': [0, 4]}, 't': {}} | 4 | not valid JSON"
            })
    void unsoundHeaders(String header, int dataBytes, String message) throws IOException {
        refused(file(header, dataBytes), message);
    }

    @Test
    void holesAndOverlaps() throws IOException {
        String a = "'a': {'dtype': 'U8', 'shape': [4], 'data_offsets': [0, 4]}";
        String b = "'b': {'dtype': 'U8', 'shape': [4], 'data_offsets': [%d, %d]}";
        refused(file("{" + a + "," + b.formatted(5, 9) + "}", 9), "tensor b starts at data byte 5");
        refused(file("{" + a + "," + b.formatted(3, 7) + "}", 7), "tensor b starts at data byte 3");
        refused(file("{" + a + "," + b.formatted(0, 4) + "}", 4), "starts at data byte 0");
        refused(file("{" + a + "," + b.formatted(4, 8) + "}", 9), "it is truncated or has bytes too many");
    }

    @Test
    void missingFile() {
        refused(temp.resolve("none.safetensors"), "is missing or not a file");
        refused(temp, "is missing or not a file");
    }

    @Test
    void fileInAnArchive() throws IOException {
        Path zip = temp.resolve("model.zip");
        try (FileSystem archive = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            Path inside = archive.getPath("model.safetensors");
            Files.copy(file("{}", 0), inside);
            refused(inside, "cannot be mapped to memory");
        }
    }

    /** 32-bit text that is none: decoding fails before parsing does. */
    @Test
    void headerInAnotherEncoding() throws IOException {
        byte[] header = {0, 0, 0, '{', (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff};
        refused(file(header.length, header, 0), "the header is not");
        byte[] broken = "{\"a\u00e9\": 1}".getBytes(StandardCharsets.ISO_8859_1);
        refused(file(broken.length, broken, 0), "the header is not valid JSON near byte");
    }

    /** The densest trees: their cost is what the bound of {@link MutatedFilesTest} is made from. */
    @ParameterizedTest
    @ValueSource(strings = {"[]", "{}", "0", "[[]]", "{\"a\":{}}"})
    void aHostileHeaderCostsAMultipleOfItsLength(String element) throws IOException {
        int count = 1_000_000 / element.length();
        String list = "{\"t\": [" + (element + ",").repeat(count) + "0]}";
        byte[] bytes = list.getBytes(StandardCharsets.UTF_8);
        Path file = file(bytes.length, bytes, 0);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        refused(file, "tensor t must be a JSON object");
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(allocated).isLessThan(64L * bytes.length + (8 << 20));
    }
}
