package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.testing.Javadoc;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavadocTest {
    @Test
    void isWholeAndValid(@TempDir Path out) throws IOException {
        assertThat(Javadoc.problems("io.yoco4j.engine", out)).isEmpty();
        assertThat(out.resolve("io/yoco4j/engine/Session.html")).content().contains("trunk.fork()");
    }
}
