package io.yoco4j.cli;

import static io.yoco4j.cli.Run.yoco;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopsOptionTest {
    private static int depth(String... loops) throws IOException {
        String[] all = new String[6 + loops.length];
        System.arraycopy(new String[] {"inspect", "--system", "yoco-u", "--size", "nano", "--json"}, 0, all, 0, 6);
        System.arraycopy(loops, 0, all, 6, loops.length);
        return yoco(all).json().path("effective_depth").asInt();
    }

    /** Two of nano's four layers are looped, three times unless told otherwise. */
    @Test
    void inspectCostsTheDepthThatIsAskedFor() throws IOException {
        assertThat(depth()).isEqualTo(2 * 3 + 2);
        assertThat(depth("--loops", "5")).isEqualTo(2 * 5 + 2);
    }

    @Test
    void helpSaysItAlikeEverywhere() {
        for (String command : List.of("generate", "eval", "logits", "inspect", "bench")) {
            assertThat(yoco(command, "--help").out().replaceAll("\\s+", " "))
                    .as(command)
                    .contains("--loops=T Iterations of looped stages, instead of their own.");
        }
        for (String command : List.of("generate", "eval", "bench", "bench-training", "train")) {
            assertThat(yoco(command, "--help").out().replaceAll("\\s+", " "))
                    .as(command)
                    .contains("Threads to compute with (default: all cores).");
        }
    }
}
