package io.yoco4j.core.arch;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Attention.Cross;
import io.yoco4j.core.arch.Attention.Full;
import io.yoco4j.core.arch.Attention.GatedRetention;
import io.yoco4j.core.arch.Attention.SlidingWindow;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import io.yoco4j.core.arch.Stage.Position;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The systems of the papers and the sizes they are compared at, both as data: any system at any size. */
public final class Presets {

    /**
     * A size that every system can have.
     *
     * @param layers L, split in halves where a system has two stages
     * @param hidden D
     * @param heads H
     * @param kvHeads KV
     * @param headDim hd
     * @param intermediate F
     * @param vocabulary V
     * @param window of sliding-window stages, in tokens
     * @param tied whether the output matrix is the embedding
     * @param maxPositions the most tokens of a context
     */
    public record Size(
            int layers,
            int hidden,
            int heads,
            int kvHeads,
            int headDim,
            int intermediate,
            int vocabulary,
            int window,
            boolean tied,
            int maxPositions) {

        private static final int DEFAULT_WINDOW = 512;

        /** That of an architecture, so that systems can be held against it; two layers at least, its first window or 512. */
        public static Size of(Architecture a) {
            int window = a.stages().stream()
                    .map(Stage::attention)
                    .filter(SlidingWindow.class::isInstance)
                    .mapToInt(s -> ((SlidingWindow) s).window())
                    .findFirst()
                    .orElse(DEFAULT_WINDOW);
            return new Size(
                    Math.max(2, a.stages().stream().mapToInt(Stage::layers).sum()),
                    a.hiddenSize(),
                    a.attentionHeads(),
                    a.keyValueHeads(),
                    a.headDim(),
                    a.intermediateSize(),
                    a.vocabSize(),
                    window,
                    a.tiedEmbeddings(),
                    a.maxPositions());
        }
    }

    /** The stages of a system for a number of layers and a window. */
    private interface System {
        List<Stage> stages(int layers, int window);
    }

    private static final Map<String, Size> SIZES = new LinkedHashMap<>();
    private static final Map<String, System> SYSTEMS = new LinkedHashMap<>();

    static {
        SIZES.put("nano", new Size(4, 64, 4, 4, 16, 176, 512, 32, true, 131_072));
        SIZES.put("tiny", new Size(8, 256, 4, 4, 64, 704, 4096, 128, true, 131_072));
        SIZES.put("small", new Size(12, 768, 12, 12, 64, 2048, 32_000, 512, false, 131_072));
        SIZES.put("base", new Size(22, 2048, 32, 4, 64, 5632, 32_000, 512, false, 131_072));
        SIZES.put("paper", new Size(20, 2560, 20, 4, 128, 6400, 32_000, 512, false, 262_144));

        SYSTEMS.put("transformer", (l, w) -> List.of(full(l)));
        SYSTEMS.put("sparse", (l, w) -> List.of(window(l, w)));
        SYSTEMS.put("universal", (l, w) -> List.of(full(l).withLoops(2)));
        SYSTEMS.put("rins", (l, w) -> List.of(full(lower(l)).withLoops(3), full(l / 2)));
        SYSTEMS.put("yoco", (l, w) -> List.of(window(lower(l), w), cross(l / 2, Position.NOPE)));
        SYSTEMS.put(
                "yoco-gret",
                (l, w) ->
                        List.of(Stage.of(lower(l), new GatedRetention(), Position.ROPE), cross(l / 2, Position.ROPE)));
        SYSTEMS.put("yoco-u", (l, w) -> List.of(window(lower(l), w).withLoops(3), cross(l / 2, Position.NOPE)));
        SYSTEMS.put(
                "yoco-upper-loop",
                (l, w) ->
                        List.of(window(lower(l), w), cross(l / 2, Position.NOPE).withLoops(3)));
        SYSTEMS.put("yoco-u-layer-loop", (l, w) -> {
            List<Stage> stages =
                    new ArrayList<>(Collections.nCopies(lower(l), window(1, w).withLoops(3)));
            stages.add(cross(l / 2, Position.NOPE));
            return stages;
        });
        SYSTEMS.put("layer-recursion", (l, w) -> {
            List<Stage> stages = new ArrayList<>();
            for (int i = 0; i < l; i++) {
                stages.add(full(1).withLoops(3).withLoopInput(LoopInput.INJECT).withLoopKv(LoopKv.FIRST));
            }
            return stages;
        });
    }

    private Presets() {}

    private static int lower(int layers) {
        return layers - layers / 2;
    }

    private static Stage full(int layers) {
        return Stage.of(layers, new Full(), Position.ROPE);
    }

    private static Stage window(int layers, int window) {
        return Stage.of(layers, new SlidingWindow(window), Position.ROPE);
    }

    private static Stage cross(int layers, Position position) {
        return Stage.of(layers, new Cross(), position);
    }

    /** Names for {@code --system}. */
    public static Set<String> systems() {
        return Collections.unmodifiableSet(SYSTEMS.keySet());
    }

    /** Names for {@code --size}. */
    public static Set<String> sizes() {
        return Collections.unmodifiableSet(SIZES.keySet());
    }

    /**
     * The size of that name.
     *
     * @throws InvalidInputException when there is none
     */
    public static Size size(String name) {
        Size size = SIZES.get(name);
        if (size == null) {
            throw new InvalidInputException(
                    "size \"" + name + "\" is unknown: take one of " + String.join(", ", sizes()));
        }
        return size;
    }

    /**
     * A system at a size. Embeddings are scaled by sqrt(D), as the YOCO release does.
     *
     * @throws InvalidInputException when either name is unknown
     */
    public static Architecture architecture(String system, String size) {
        return architecture(system, size(size));
    }

    /** A system at a size of one's own, which needs at least two layers where the system has two stages. */
    public static Architecture architecture(String system, Size z) {
        System stages = SYSTEMS.get(system);
        if (stages == null) {
            throw new InvalidInputException(
                    "system \"" + system + "\" is unknown: take one of " + String.join(", ", systems()));
        }
        return Architecture.builder()
                .vocabSize(z.vocabulary())
                .hiddenSize(z.hidden())
                .intermediateSize(z.intermediate())
                .attentionHeads(z.heads())
                .keyValueHeads(z.kvHeads())
                .headDim(z.headDim())
                .tiedEmbeddings(z.tied())
                .maxPositions(z.maxPositions())
                .embeddingMultiplier((float) Math.sqrt(z.hidden()))
                .stages(stages.stages(z.layers(), z.window()))
                .build();
    }
}
