package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    Path temp;

    private void assertOnly(String file, String content) throws IOException {
        assertThat(temp.resolve(file)).hasContent(content);
        try (Stream<Path> files = Files.list(temp)) {
            assertThat(files).containsExactly(temp.resolve(file));
        }
    }

    @Test
    void replacesAFile() throws IOException {
        AtomicFiles.writeString(temp.resolve("f"), "old, and longer");
        AtomicFiles.writeString(temp.resolve("f"), "new");
        assertOnly("f", "new");
    }

    @Test
    void aFullDiskLeavesTheOldFile() throws IOException {
        Path file = temp.resolve("f");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[100]));
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessage(file + " could not be written (what was there is untouched): No space left on device");
        assertOnly("f", "old");
    }

    @Test
    void aBodyThatThrowsMidwayLeavesTheOldFile() throws IOException {
        Path file = temp.resolve("f");
        AtomicFiles.writeString(file, "old");
        assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(new byte[100]));
                    throw new IllegalStateException("midway");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertOnly("f", "old");
    }

    @Test
    void anInterruptLeavesTheOldFileAndSaysSo() throws IOException {
        Path file = temp.resolve("f");
        AtomicFiles.writeString(file, "old");
        try {
            assertThatThrownBy(() -> AtomicFiles.write(file, channel -> {
                        channel.write(ByteBuffer.wrap(new byte[100]));
                        Thread.currentThread().interrupt();
                        channel.write(ByteBuffer.wrap(new byte[100]));
                    }))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageEndingWith("interrupted");
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        assertOnly("f", "old");
    }

    @Test
    void whatIsLeftOfACrashIsOverwritten() throws IOException {
        Files.writeString(temp.resolve(".f.tmp"), "half of a fi");
        AtomicFiles.writeString(temp.resolve("f"), "new");
        assertOnly("f", "new");
    }

    @Test
    void namesTheTargetWhoseFolderIsAFile() throws IOException {
        Files.writeString(temp.resolve("f"), "a file");
        assertThatThrownBy(() -> AtomicFiles.writeString(temp.resolve("f").resolve("g"), "x"))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageStartingWith(temp.resolve("f").resolve("g") + " could not be written")
                .hasMessageContaining("a file is in the way at ");
    }
}
