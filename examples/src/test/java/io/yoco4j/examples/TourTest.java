package io.yoco4j.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.testing.ModelFolders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TourTest {
    @TempDir
    Path temp;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return Tour.run(
                args,
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @Test
    void showsABaseModel() {
        Path folder = ModelFolders.create(temp.resolve("base"), "yoco-u", 1, "the cat sat on the mat");
        assertThat(run(folder.toString(), "the cat")).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("generated 48", "the catint ", "the catString ", "outputTokenCount = 48", "ended by LENGTH")
                .contains("(no chat: the model base has no chat template");
    }

    @Test
    void chatsWithAModelThatHasATemplate() throws IOException {
        Path folder = ModelFolders.create(temp.resolve("chat"), "yoco", 1, "the cat sat on the mat");
        Files.writeString(folder.resolve("chat_template.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
        assertThat(run(folder.toString())).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("public static ")
                .doesNotContain("no chat");
    }

    @Test
    void saysWhyAChatIsRefused() throws IOException {
        Path folder = ModelFolders.create(temp.resolve("chat"), "yoco", 1, "the cat sat on the mat");
        Files.writeString(folder.resolve("chat_template.jinja"), "{{ raise_exception('a system message is needed') }}");
        assertThat(run(folder.toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("a system message is needed")
                .hasLineCount(1);
    }

    @Test
    void saysWhatIsMissing() {
        assertThat(run()).isEqualTo(2);
        assertThat(run(temp.resolve("none").toString())).isEqualTo(2);
        assertThat(run(temp.toString())).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("usage: examples/run")
                .contains("there is no folder", "./yoco quickstart")
                .contains("config.json");
    }
}
