package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
        Files.writeString(temp.resolve(".f.999999999999.1.tmp"), "of a process that cannot be");
        AtomicFiles.writeString(temp.resolve("f"), "new");
        assertOnly("f", "new");
    }

    @Test
    void whatOthersWriteIsLeftAlone() throws IOException {
        Path other = Files.writeString(temp.resolve(".f2.999999999999.1.tmp"), "of another target");
        long parent = ProcessHandle.current().parent().orElseThrow().pid();
        Path living = Files.writeString(temp.resolve(".f." + parent + ".0.tmp"), "of a process that lives");
        // As in a container, where each run has the same process id.
        Path before = Files.writeString(
                temp.resolve(".f." + ProcessHandle.current().pid() + ".1.tmp"), "of one that had the id of this");
        AtomicFiles.writeString(temp.resolve("f"), "new");
        assertThat(before).doesNotExist();
        assertThat(other).exists();
        assertThat(living).exists();
        AtomicFiles.deleteLeftovers(temp, _ -> true);
        assertThat(other).doesNotExist();
        assertThat(living).exists();
    }

    @Test
    void aFolderBehindALinkIsMadeWhereItIs() throws IOException {
        Path real = Files.createDirectories(temp.resolve("disk").resolve("model"));
        Path link = Files.createSymbolicLink(temp.resolve("link"), real);
        AtomicFiles.createFolder(link, half -> Files.writeString(half.resolve("a"), "whole"));
        assertThat(link).isSymbolicLink();
        assertThat(real.resolve("a")).hasContent("whole");
    }

    /** The one that ends last wins, and both are whole. */
    @Test
    void twoMayWriteOneTargetAtOnce() throws IOException {
        Path file = temp.resolve("f");
        AtomicFiles.write(file, outer -> {
            outer.write(ByteBuffer.wrap("ou".getBytes(StandardCharsets.UTF_8)));
            AtomicFiles.writeString(file, "inner");
            assertThat(file).hasContent("inner");
            outer.write(ByteBuffer.wrap("ter".getBytes(StandardCharsets.UTF_8)));
        });
        assertOnly("f", "outer");
    }

    @Test
    void aFolderAppearsWholeOrNotAtAll() throws IOException {
        Path folder = temp.resolve("new").resolve("f");
        assertThatThrownBy(() -> AtomicFiles.createFolder(folder, half -> {
                    Files.writeString(half.resolve("a"), "one of two");
                    assertThat(folder).doesNotExist();
                    throw new IOException("the disk is full");
                }))
                .hasMessage("the disk is full");
        assertThat(temp.resolve("new")).isEmptyDirectory();
        Path left = Files.createDirectories(temp.resolve("new").resolve(".f.999999999999.1.tmp"));
        Files.writeString(left.resolve("a"), "of a process that cannot be");
        AtomicFiles.createFolder(folder, half -> Files.writeString(half.resolve("a"), "whole"));
        assertThat(folder.resolve("a")).hasContent("whole");
        assertThat(folder.getParent()).isDirectoryContaining(f -> f.equals(folder));
        assertThat(left).doesNotExist();
    }

    @Test
    void ofTwoThatMakeOneFolderTheFirstToEndWins() throws IOException {
        Path folder = temp.resolve("f");
        assertThatThrownBy(() -> AtomicFiles.createFolder(folder, outer -> {
                    Files.writeString(outer.resolve("a"), "outer");
                    AtomicFiles.createFolder(folder, inner -> Files.writeString(inner.resolve("a"), "inner"));
                }))
                .isInstanceOfSatisfying(
                        IOException.class,
                        e -> assertThat(AtomicFiles.reason(e)).startsWith("the folder is no longer empty"));
        assertThat(folder.resolve("a")).hasContent("inner");
        assertThat(temp).isDirectoryContaining("glob:**f").isDirectoryNotContaining("glob:**.tmp");
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
