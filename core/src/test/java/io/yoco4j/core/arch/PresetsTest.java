package io.yoco4j.core.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PresetsTest {
    static Stream<Arguments> all() {
        return Presets.systems().stream()
                .flatMap(system -> Presets.sizes().stream().map(size -> Arguments.of(system, size)));
    }

    /** The table of docs/format.md, written down a second time. */
    private static List<Stage> table(String system, int layers, int w) {
        int half = layers / 2;
        Attention full = new Attention.Full();
        Attention window = new Attention.SlidingWindow(w);
        Attention cross = new Attention.Cross();
        return switch (system) {
            case "transformer" -> List.of(rope(layers, full, 1));
            case "universal" -> List.of(rope(layers, full, 2));
            case "rins" -> List.of(rope(half, full, 3), rope(half, full, 1));
            case "sparse" -> List.of(rope(layers, window, 1));
            case "yoco" -> List.of(rope(half, window, 1), nope(half, cross, 1));
            case "yoco-gret" -> List.of(rope(half, new Attention.GatedRetention(), 1), rope(half, cross, 1));
            case "yoco-u" -> List.of(rope(half, window, 3), nope(half, cross, 1));
            case "yoco-upper-loop" -> List.of(rope(half, window, 1), nope(half, cross, 3));
            case "yoco-u-layer-loop" ->
                Stream.concat(Collections.nCopies(half, rope(1, window, 3)).stream(), Stream.of(nope(half, cross, 1)))
                        .toList();
            case "layer-recursion" ->
                Collections.nCopies(
                        layers, new Stage(1, full, Stage.Position.ROPE, 3, Stage.LoopInput.INJECT, Stage.LoopKv.FIRST));
            default -> throw new IllegalArgumentException("the table has no " + system);
        };
    }

    private static Stage rope(int layers, Attention attention, int loops) {
        return Stage.of(layers, attention, Stage.Position.ROPE).withLoops(loops);
    }

    private static Stage nope(int layers, Attention attention, int loops) {
        return Stage.of(layers, attention, Stage.Position.NOPE).withLoops(loops);
    }

    @ParameterizedTest
    @MethodSource("all")
    void everySystemAtEverySizeHasTheStagesOfTheTable(String system, String size) {
        Presets.Size z = Presets.size(size);
        Architecture a = Presets.architecture(system, size);
        assertThat(a.stages()).isEqualTo(table(system, z.layers(), z.window()));
        assertThat(a.layers()).isEqualTo(z.layers());
        assertThat(a.embeddingMultiplier()).isEqualTo((float) Math.sqrt(z.hidden()));
        assertThat(ArchitectureJson.read(ArchitectureJson.write(a))).isEqualTo(a);
    }

    @ParameterizedTest
    @CsvSource({
        "nano,4,64,4,4,16,176,512,32,true",
        "tiny,8,256,4,4,64,704,4096,128,true",
        "small,12,768,12,12,64,2048,32000,512,false",
        "base,22,2048,32,4,64,5632,32000,512,false",
        "paper,20,2560,20,4,128,6400,32000,512,false"
    })
    void sizesAreThoseOfTheTable(
            String size, int l, int d, int h, int kv, int headDim, int f, int v, int window, boolean tied) {
        Architecture a = Presets.architecture("sparse", size);
        assertThat(a.layers()).isEqualTo(l);
        assertThat(a.hiddenSize()).isEqualTo(d);
        assertThat(a.attentionHeads()).isEqualTo(h);
        assertThat(a.keyValueHeads()).isEqualTo(kv);
        assertThat(a.headDim()).isEqualTo(headDim);
        assertThat(a.intermediateSize()).isEqualTo(f);
        assertThat(a.vocabSize()).isEqualTo(v);
        assertThat(a.stages().getFirst().attention()).isEqualTo(new Attention.SlidingWindow(window));
        assertThat(a.tiedEmbeddings()).isEqualTo(tied);
    }

    /** The self-decoder gets the layer too many. */
    @Test
    void anOddNumberOfLayersIsSplit() {
        Presets.Size odd = new Presets.Size(5, 24, 6, 2, 8, 40, 61, 5, true, 512);
        assertThat(Presets.architecture("yoco-u", odd).stages())
                .extracting(Stage::layers)
                .containsExactly(3, 2);
    }

    @Test
    void refusesUnknownNamesAndSizesTooSmall() {
        assertThatThrownBy(() -> Presets.architecture("yoko", "nano"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("system \"yoko\"")
                .hasMessageContaining("yoco-u");
        assertThatThrownBy(() -> Presets.architecture("yoco", "huge"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("size \"huge\"")
                .hasMessageContaining("paper");
        Presets.Size oneLayer = new Presets.Size(1, 24, 6, 2, 8, 40, 61, 5, true, 512);
        assertThatThrownBy(() -> Presets.architecture("yoco", oneLayer))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("layers is 0");
    }
}
