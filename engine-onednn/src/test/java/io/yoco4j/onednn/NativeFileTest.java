package io.yoco4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeFileTest {
    private static final String RESOURCE = "/io/yoco4j/onednn/content.txt";
    private static final String CONTENT = "not a library\n";

    @TempDir
    Path temp;

    private static NativeFile file() {
        CRC32 sum = new CRC32();
        sum.update(CONTENT.getBytes(StandardCharsets.UTF_8));
        return new NativeFile(RESOURCE, CONTENT.length(), sum.getValue());
    }

    private void requireAlone(Path file) throws IOException {
        assertThat(file).hasContent(CONTENT);
        try (Stream<Path> all = Files.list(file.resolveSibling(""))) {
            assertThat(all).containsExactly(file);
        }
    }

    @Test
    void unpacksIntoAFolderThatIsNotThereYet() throws IOException {
        Path folder = temp.resolve("a").resolve("b");
        Path file = file().in(folder);
        assertThat(file).isEqualTo(folder.resolve("content.txt"));
        requireAlone(file);
    }

    @Test
    void leavesAnIntactFileAlone() throws IOException {
        Path file = file().in(temp);
        Object before = Files.readAttributes(file, "unix:ino,lastModifiedTime");
        file().in(temp);
        assertThat(Files.readAttributes(file, "unix:ino,lastModifiedTime")).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not a library", "not a library!", "not a librarY\n", "not a library\n\n"})
    void replacesWhatIsNotTheFile(String other) throws IOException {
        Files.writeString(temp.resolve("content.txt"), other);
        requireAlone(file().in(temp));
    }

    @Test
    void replacesALinkRatherThanFollowIt() throws IOException {
        Path elsewhere = Files.createDirectory(temp.resolve("elsewhere")).resolve("content.txt");
        Files.writeString(elsewhere, "not a librarY\n");
        Path folder = Files.createDirectory(temp.resolve("folder"));
        Files.createSymbolicLink(folder.resolve("content.txt"), elsewhere);
        requireAlone(file().in(folder));
        assertThat(folder.resolve("content.txt")).isRegularFile();
        assertThat(elsewhere).hasContent("not a librarY\n");
    }

    @Test
    void refusesAnotherVersionOrNoneAndLeavesNothing() throws IOException {
        NativeFile changed = new NativeFile(RESOURCE, CONTENT.length(), 1);
        assertThatThrownBy(() -> changed.in(temp))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("the class path has another version of " + RESOURCE);
        NativeFile missing = new NativeFile("/io/yoco4j/onednn/missing", 1, 1);
        assertThatThrownBy(() -> missing.in(temp))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("the class path has no /io/yoco4j/onednn/missing");
        try (Stream<Path> all = Files.list(temp)) {
            assertThat(all).isEmpty();
        }
    }

    /** Where the library does not run, no other test would notice that its version has changed. */
    @Test
    void theLibrariesAreThoseOfTheVersionInUse() throws IOException {
        for (NativeFile file : new NativeFile[] {OneDnnLibrary.OPENMP, OneDnnLibrary.ONEDNN}) {
            URL url = Objects.requireNonNull(NativeFile.class.getResource(file.resource()));
            JarEntry entry = ((JarURLConnection) url.openConnection()).getJarEntry();
            assertThat(file).isEqualTo(new NativeFile(file.resource(), entry.getSize(), entry.getCrc()));
        }
    }
}
