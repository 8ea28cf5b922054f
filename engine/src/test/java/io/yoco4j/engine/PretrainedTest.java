package io.yoco4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.core.checkpoint.HuggingFaceImport;
import io.yoco4j.core.checkpoint.Safetensors;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * A pretrained Hugging Face model, imported and continued greedily, against ids and logits of its original. Give the
 * folder, which holds an expected.safetensors, with -Dyoco.pretrained=DIR.
 */
@EnabledIfSystemProperty(named = "yoco.pretrained", matches = ".+")
class PretrainedTest {
    @Test
    void continuesGreedilyToTheSameIds(@TempDir Path temp) {
        Path folder = Path.of(System.getProperty("yoco.pretrained"));
        HuggingFaceImport.run(folder, temp.resolve("model"));
        try (Arena arena = Arena.ofConfined();
                YocoModel model = YocoModel.open(temp.resolve("model"))) {
            Safetensors expected = Safetensors.open(folder.resolve("expected.safetensors"), arena);
            int[] ids = Arrays.stream(expected.tensor("input_ids").toLongs())
                    .mapToInt(Math::toIntExact)
                    .toArray();
            float[] logits = expected.tensor("logits").toFloats();
            int vocabulary = model.architecture().vocabSize();
            int prompt = (int) expected.tensor("prompt_length").toLongs()[0];
            Session session = model.session();
            float[] row =
                    session.prefill(Arrays.copyOf(ids, prompt), Logits.LAST).last();
            for (int i = prompt; i < ids.length; i++) {
                for (int v = 0; v < vocabulary; v++) {
                    assertThat(Math.abs(row[v] - logits[(i - 1) * vocabulary + v]))
                            .isLessThan(1e-3f);
                }
                int next = 0;
                for (int v = 1; v < vocabulary; v++) {
                    next = row[v] > row[next] ? v : next;
                }
                assertThat(next).as("token %d", i).isEqualTo(ids[i]);
                row = session.decode(next);
            }
        }
    }
}
