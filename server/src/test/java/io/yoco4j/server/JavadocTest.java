package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.testing.Javadoc;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JavadocTest {
    @ParameterizedTest
    @ValueSource(strings = {"io.yoco4j.server", "io.yoco4j.server.schedule", "io.yoco4j.server.api"})
    void isWholeAndValid(String packageName, @TempDir Path out) throws IOException {
        assertThat(Javadoc.problems(packageName, out)).isEmpty();
    }
}
