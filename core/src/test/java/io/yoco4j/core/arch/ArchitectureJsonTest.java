package io.yoco4j.core.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** docs/format.md, config.json: its fields, defaults and rules. */
class ArchitectureJsonTest {
    private static final String FULL = "{\"layers\": 1, \"attention\": \"full\", \"position\": \"rope\"}";
    private static final String CROSS = "{\"layers\": 1, \"attention\": \"cross\", \"position\": \"nope\"}";

    private static String config(String... stages) {
        return """
                {"format_version": 1, "vocab_size": 10, "hidden_size": 8, "intermediate_size": 12,
                 "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "rms_norm_eps": 1e-5,
                 "rope_theta": 10000, "qk_norm": false, "tie_word_embeddings": true,
                 "max_position_embeddings": 64, "stages": [%s]}""".formatted(String.join(", ", stages));
    }

    /** A config whose field has another value, or is gone where {@code json} is empty. */
    private static String with(String field, String json) {
        String config = config(FULL, CROSS);
        String pattern = "\"" + field + "\": (\\[.*]|[^,}]+),?";
        assertThat(config).containsPattern(pattern);
        String bent = config.replaceFirst(pattern, json.isEmpty() ? "" : "\"" + field + "\": " + json + ",");
        return bent.replaceFirst(",\\s*}$", "}");
    }

    private static void refused(String json, String message) {
        assertThatThrownBy(() -> ArchitectureJson.read(json))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void optionalFieldsHaveDefaults() {
        Architecture a = ArchitectureJson.read(config(FULL));
        assertThat(a.embeddingMultiplier()).isEqualTo(1);
        assertThat(a.stages()).containsExactly(Stage.of(1, new Attention.Full(), Stage.Position.ROPE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "format_version",
                "vocab_size",
                "hidden_size",
                "intermediate_size",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "rms_norm_eps",
                "rope_theta",
                "qk_norm",
                "tie_word_embeddings",
                "max_position_embeddings",
                "stages"
            })
    void requiredFields(String field) {
        refused(with(field, ""), field + " is missing");
        refused(with(field, "null"), field);
        refused(with(field, "\"x\""), field);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "format_version          | 2            | format_version is 2",
                "vocab_size              | 0            | vocab_size is 0",
                "vocab_size              | 16777217     | vocab_size is 16777217",
                "hidden_size             | -8           | hidden_size is -8",
                "hidden_size             | 8.0          | hidden_size is 8.0",
                "hidden_size             | 1E9          | hidden_size is 1.0E9",
                "hidden_size             | 1e400        | hidden_size is",
                "hidden_size             | 4294967304   | hidden_size is 4294967304",
                "intermediate_size       | 0            | intermediate_size is 0",
                "num_attention_heads     | 3            | num_attention_heads is 3, but must be a multiple of num_key",
                "num_attention_heads     | 1000000      | num_attention_heads x head_dim is 6000000",
                "num_key_value_heads     | 0            | num_key_value_heads is 0",
                "head_dim                | 5            | head_dim is 5, but must be even",
                "rms_norm_eps            | 0            | rms_norm_eps is 0",
                "rms_norm_eps            | -0.0         | rms_norm_eps is -0.0",
                "rms_norm_eps            | 1e-60        | rms_norm_eps is 1.0E-60",
                "rms_norm_eps            | 1e39         | rms_norm_eps is 1.0E39",
                "rope_theta              | 0            | rope_theta is 0",
                "rope_theta              | 1e400        | rope_theta is Infinity",
                "qk_norm                 | 1            | qk_norm is 1",
                "tie_word_embeddings     | \"true\"     | tie_word_embeddings is \"true\"",
                "max_position_embeddings | 0            | max_position_embeddings is 0",
                "stages                  | {}           | stages must be a list",
                "stages                  | []           | stages is empty",
                "stages                  | [3]          | stages[0] must be a JSON object",
                "qk_norm                 | false, \"qknorm\": true        | qknorm is not a field",
                "qk_norm                 | false, \"qk_norm\": true       | qk_norm",
                "qk_norm                 | false, \"embedding_multiplier\": 0      | embedding_multiplier is 0",
                "qk_norm                 | false, \"embedding_multiplier\": 1e-50  | embedding_multiplier is 1.0E-50",
                "qk_norm                 | false, \"embedding_multiplier\": 3.5e38 | embedding_multiplier is 3.5E38"
            })
    void fieldsOutOfTheirRange(String field, String json, String message) {
        refused(with(field, json), message);
    }

    private static String stage(String fields) {
        return "{" + fields.replace('\'', '"') + "}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'layers': 0, 'attention': 'full', 'position': 'rope' | stages[0].layers is 0",
                "'layers': 5000, 'attention': 'full', 'position': 'rope' | stages[0].layers is 5000",
                "'attention': 'full', 'position': 'rope' | stages[0].layers is missing",
                "'layers': 1, 'attention': 'dense', 'position': 'rope' | stages[0].attention is \"dense\"",
                "'layers': 1, 'attention': 7, 'position': 'rope' | stages[0].attention is 7",
                "'layers': 1, 'attention': 'full' | stages[0].position is missing",
                "'layers': 1, 'attention': 'full', 'position': 'alibi' | stages[0].position is \"alibi\"",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'loop': 3 | stages[0].loop is not a field",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'loops': 0 | stages[0].loops is 0",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'loops': 2000 | stages[0].loops is 2000",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'loop_input': 'add' | stages[0].loop_input is",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'loop_kv': 'last' | stages[0].loop_kv is",
                "'layers': 1, 'attention': 'full', 'position': 'rope', 'window': 4 | stages[0].window is given",
                "'layers': 1, 'attention': 'gated_retention', 'position': 'rope', 'window': 4 | stages[0].window",
                "'layers': 1, 'attention': 'sliding_window', 'position': 'rope' | stages[0].window is missing",
                "'layers': 1, 'attention': 'sliding_window', 'window': 0, 'position': 'rope' | stages[0].window is 0",
                "'layers': 1, 'attention': 'gated_retention', 'position': 'nope' | stages[0].position is nope",
                "'layers': 1, 'attention': 'gated_retention', 'position': 'rope', 'loop_kv': 'first' | stages[0].loop_kv is first",
                "'layers': 1, 'attention': 'cross', 'position': 'nope', 'loop_kv': 'first' | stages[0].loop_kv is first"
            })
    void stagesThatBreakARule(String fields, String message) {
        refused(config(stage(fields)), message);
    }

    @Test
    void crossStagesFormASuffix() {
        refused(config(CROSS), "stages[0].attention is cross");
        refused(config(FULL, CROSS, FULL), "stages[2].attention is full");
        assertThat(ArchitectureJson.read(config(FULL, CROSS, CROSS)).firstCrossStage())
                .isEqualTo(1);
    }

    @Test
    void layersAreBoundedOverAllStages() {
        String half = FULL.replace("\"layers\": 1", "\"layers\": 2049");
        refused(config(half, half), "stages have 4098 layers");
        refused(config(("x" + FULL).repeat(5000).substring(1).split("x")), "stages has 5000 entries");
    }

    @Test
    void loopKvFirstIsForFullAndSlidingWindow() {
        String window = "{\"layers\": 1, \"attention\": \"sliding_window\", \"window\": 3, \"position\": \"nope\","
                + " \"loops\": 2, \"loop_kv\": \"first\", \"loop_input\": \"inject\"}";
        Stage stage = ArchitectureJson.read(config(window)).stages().getFirst();
        assertThat(stage)
                .isEqualTo(Stage.of(1, new Attention.SlidingWindow(3), Stage.Position.NOPE)
                        .withLoops(2)
                        .withLoopKv(Stage.LoopKv.FIRST)
                        .withLoopInput(Stage.LoopInput.INJECT));
    }

    /** An odd head_dim is no matter where nothing is rotated. */
    @Test
    void oddHeadDimNeedsNope() {
        String nope = FULL.replace("rope", "nope");
        assertThat(ArchitectureJson.read(config(nope).replace("\"head_dim\": 6", "\"head_dim\": 5"))
                        .headDim())
                .isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "null", "[]", "3", "\"x\""})
    void theFileIsOneObject(String json) {
        refused(json, "must be a JSON object");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "{]", "{} {}", "{\"a\": 01}", "{\"a\": NaN}", "{'a': 1}", "{\"a\": 1, \"a\": 2}"})
    void theFileIsStrictJson(String json) {
        refused(json, "is not valid JSON at line 1, column");
    }

    @Test
    void deepNestingIsRefusedWithoutAStackOverflow() {
        refused("{\"stages\":".repeat(100_000), "is not valid JSON");
        refused("{\"stages\": " + "[".repeat(1_000_000), "is not valid JSON");
    }

    @Test
    void messagesStayOneShortLine() {
        String name = "evil\\n\\u001b[2J\\u2028" + "x".repeat(40_000);
        assertThatThrownBy(() -> ArchitectureJson.read("{\"" + name + "\": 1}"))
                .isInstanceOf(InvalidInputException.class)
                .satisfies(e -> assertThat(e.getMessage())
                        .startsWith("evil [2J x")
                        .endsWith("correct its spelling")
                        .hasSizeLessThan(1300)
                        .doesNotContainPattern("[\\p{Cc}\\u2028]"));
    }
}
