package io.yoco4j.cli;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.KeyValues;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import java.util.Iterator;
import picocli.CommandLine.Option;

/** {@code --system}, {@code --size} and {@code --shape}: an architecture by name, and how it differs. */
final class SystemOptions {
    /** Names that help and completion show. */
    static final class Systems implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Presets.systems().iterator();
        }
    }

    /** Names that help and completion show. */
    static final class Sizes implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Presets.sizes().iterator();
        }
    }

    private static final int MAX_WIDTH = 1 << 16;

    @Option(
            names = "--system",
            paramLabel = "S",
            completionCandidates = Systems.class,
            description = "One of ${COMPLETION-CANDIDATES} (yoco-u).")
    private String system = "";

    @Option(
            names = "--size",
            paramLabel = "Z",
            completionCandidates = Sizes.class,
            description = "One of ${COMPLETION-CANDIDATES} (tiny).")
    private String size = "";

    @Option(
            names = "--shape",
            paramLabel = "K=V,...",
            description =
                    "Changes to the size: layers, hidden, heads, kv_heads, head_dim, intermediate, window. Heads share"
                            + " hidden evenly, each with a key and value of its own, and intermediate grows with hidden, where not"
                            + " given.")
    private String shape = "";

    boolean given() {
        return !system.isEmpty() || !size.isEmpty() || !shape.isEmpty();
    }

    String system() {
        return system.isEmpty() ? "yoco-u" : system;
    }

    String size() {
        return size.isEmpty() ? "tiny" : size;
    }

    /** The size and how it differs, for people. */
    String label() {
        return shape.isEmpty() ? size() : size() + " with " + shape;
    }

    Architecture architecture() {
        return architecture(size());
    }

    /** As {@link #architecture()}, of another size where none was given. */
    Architecture architecture(String defaultSize) {
        Presets.Size z = Presets.size(size.isEmpty() ? defaultSize : size);
        return Presets.architecture(system(), shape.isEmpty() ? z : shaped(z));
    }

    private Presets.Size shaped(Presets.Size z) {
        KeyValues changes = KeyValues.parse("--shape", shape);
        int layers = changes.integer("layers", z.layers(), 2, 1024);
        int hidden = changes.integer("hidden", z.hidden(), 1, MAX_WIDTH);
        int heads = changes.integer("heads", z.heads(), 1, MAX_WIDTH);
        boolean same = hidden == z.hidden() && heads == z.heads();
        int shared = hidden % heads == 0 ? hidden / heads : 0;
        int headDim = changes.integer("head_dim", same ? z.headDim() : shared, 1, MAX_WIDTH);
        if (headDim == 0) {
            throw new InvalidInputException("--shape: hidden " + hidden + " is no multiple of heads " + heads
                    + ", so they cannot share it evenly: give head_dim, or other numbers");
        }
        Presets.Size shaped = new Presets.Size(
                layers,
                hidden,
                heads,
                changes.integer("kv_heads", same ? z.kvHeads() : heads, 1, MAX_WIDTH),
                headDim,
                changes.integer(
                        "intermediate", (int) Math.max(1, (long) z.intermediate() * hidden / z.hidden()), 1, MAX_WIDTH),
                z.vocabulary(),
                changes.integer("window", z.window(), 1, z.maxPositions()),
                z.tied(),
                z.maxPositions());
        changes.requireKnown();
        return shaped;
    }
}
