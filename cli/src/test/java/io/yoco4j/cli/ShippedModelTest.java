package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.TextLoss;
import io.yoco4j.engine.YocoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The model in {@code models/}: it fits, has a card, and knows Java at each depth that it was trained at. */
class ShippedModelTest {
    private static final Path FOLDER = Path.of("..", "models", "yoco-u-java");
    private static final long MOST_BYTES = 25_000_000;

    /** Of no corpus. */
    private static final String JAVA = """
            package io.example;

            import java.util.ArrayList;
            import java.util.List;

            /** Keeps the names of its guests. */
            public class GuestBook {
                private final List<String> names = new ArrayList<>();

                /**
                 * Adds a name.
                 *
                 * @param name the name, not null
                 */
                public void add(String name) {
                    if (name == null) {
                        throw new IllegalArgumentException("name must not be null");
                    }
                    names.add(name);
                }

                public int size() {
                    return names.size();
                }
            }
            """;

    @Test
    void isSmallAndHasACard() throws IOException {
        try (Stream<Path> files = Files.walk(FOLDER)) {
            assertThat(files.filter(Files::isRegularFile)
                            .mapToLong(f -> f.toFile().length())
                            .sum())
                    .isLessThan(MOST_BYTES);
        }
        assertThat(Files.readString(FOLDER.resolve("README.md")))
                .contains("## Data", "## Held-out text", "## Limits", "## Made with", "Apache-2.0");
    }

    @Test
    void knowsJavaAtEachDepth() {
        try (YocoModel model = YocoModel.open(FOLDER)) {
            for (int loops : List.of(1, 2, 3, 4, 5)) {
                try (Session session =
                        model.session(SessionOptions.builder().loops(loops).build())) {
                    TextLoss loss = TextLoss.of(session, JAVA, TextLoss.DEFAULT_WINDOW);
                    double bitsPerByte = loss.nats() / Math.log(2) / loss.bytes();
                    // Without a model, as many bits as tokens are likely: log2(4096) for about 3 bytes.
                    assertThat(bitsPerByte).as("loops %d", loops).isLessThan(2);
                }
            }
            Tokenizer tokenizer = model.tokenizer().orElseThrow();
            int[] ids = tokenizer.encode(JAVA);
            assertThat(tokenizer.decode(ids)).isEqualTo(JAVA);
        }
    }

    @Test
    void completesFromTheCommandLine() {
        String prompt = "public final class ";
        Run run = yoco(
                "generate", FOLDER.toString(), prompt, "--max-tokens", "40", "--loops", "2", "--temperature", "0.9");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).startsWith(prompt).hasSizeGreaterThan(prompt.length() + 40);
    }
}
