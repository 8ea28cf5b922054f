package io.yoco4j.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderLockTest {
    @TempDir
    Path temp;

    @Test
    void oneHasAFolder() throws IOException {
        Path folder = temp.resolve("a/b");
        assertThat(FolderLock.taken(folder)).isFalse();
        try (FolderLock _ = FolderLock.take(folder)) {
            Path link = Files.createSymbolicLink(temp.resolve("link"), folder);
            for (Path same : new Path[] {folder, link, folder}) {
                assertThat(FolderLock.taken(same)).isTrue();
                assertThatThrownBy(() -> FolderLock.take(same))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContaining("is in use by another run");
            }
        }
        assertThat(FolderLock.taken(folder)).isFalse();
        FolderLock.take(folder).close();
    }

    @Test
    void aFileIsNoFolder() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "mine");
        assertThatThrownBy(() -> FolderLock.take(file)).isInstanceOf(InvalidInputException.class);
        assertThatThrownBy(() -> FolderLock.take(file.resolve("in")))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file.resolve("in") + " cannot be written to: ");
    }
}
