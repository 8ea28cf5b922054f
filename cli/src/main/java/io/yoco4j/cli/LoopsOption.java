package io.yoco4j.cli;

import io.yoco4j.core.arch.Architecture;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** {@code --loops}, for every command that takes models at another depth than their own. */
final class LoopsOption {
    @Option(names = "--loops", paramLabel = "T", description = "Iterations of looped stages, instead of their own.")
    private @Nullable Integer loops;

    /** What was asked for; empty for the model's own. */
    OptionalInt given() {
        return loops == null ? OptionalInt.empty() : OptionalInt.of(loops);
    }

    /** A model at the depth that was asked for. */
    Architecture of(Architecture a) {
        return loops == null ? a : a.withLoops(loops);
    }
}
