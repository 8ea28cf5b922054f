package io.yoco4j.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Experiments of nano systems over a folder of generated text. */
final class Examples {
    private Examples() {}

    /** Writes two folders of text, {@code text} and {@code held}. */
    static void text(Path folder) throws IOException {
        for (int i = 0; i < 40; i++) {
            Path file = folder.resolve("text").resolve(i + ".txt");
            Files.createDirectories(file.getParent());
            Files.writeString(file, "Text " + i + ". " + ("the cat number " + i % 7 + " sat on the mat. ").repeat(12));
        }
        for (int i = 0; i < 4; i++) {
            Path file = folder.resolve("held").resolve(i + ".txt");
            Files.createDirectories(file.getParent());
            Files.writeString(file, "Held " + i + ". " + ("the dog number " + i + " lay on a rug. ").repeat(8));
        }
    }

    /** Two systems, a sweep and two seeds: 3 x 2 jobs of the sweep and 4 main ones. */
    static String yaml(Path folder) {
        return """
                name: example
                data:
                  train: ["%1$s/text"]
                  held_out: { held: ["%1$s/held"] }
                  vocabulary: 300
                shape: { layers: 2, hidden: 16, heads: 2, head_dim: 8, intermediate: 32, window: 8 }
                recipe: { batch_size: 2, sequence_length: 32, bf16: false, evaluate_every: 2 }
                budget: { steps: 4 }
                seeds: [1, 2]
                systems:
                  yoco: { system: yoco }
                  yoco-u: { system: yoco-u }
                match_parameters: yoco-u
                sweep: { learning_rate: [1e-3, 2e-3, 4e-3], budget: { tokens: 128 }, seed: 1 }
                evaluate:
                  loops: [1, 2]
                  prefix: { lengths: [16, 64], last: 32, segments: 3 }
                compare: yoco
                """.formatted(folder);
    }
}
