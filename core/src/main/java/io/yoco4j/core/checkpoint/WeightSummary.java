package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.ParameterLayout;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a model's weights are stored in and how much that takes, from the headers of its files alone.
 *
 * @param quantization what config.json says
 * @param kinds embedding, output matrix, attention, MLP, global cache, norms: what the model has of them
 * @param fileBytes of all weight files, headers included
 */
public record WeightSummary(Optional<WeightFormat> quantization, List<Kind> kinds, long fileBytes) {

    /**
     * Weights of one kind.
     *
     * @param name as above
     * @param parameters how many there are
     * @param types what they are stored as, sorted: {@code F32}, {@code q8}
     * @param bytes of values and scales
     */
    public record Kind(String name, long parameters, List<String> types, long bytes) {}

    /** Of all kinds. */
    public long parameters() {
        return kinds.stream().mapToLong(Kind::parameters).sum();
    }

    /** Whether a folder has weights to summarize. */
    public static boolean possible(Path folder) {
        return Files.exists(WeightFiles.index(folder));
    }

    /**
     * Summarizes a model folder; values are not looked at.
     *
     * @throws InvalidInputException naming file and field or tensor
     * @throws UncheckedIOException when reading fails
     */
    public static WeightSummary of(Path folder) {
        CheckpointConfig config = Checkpoint.readConfig(folder);
        Map<String, Sum> sums = new LinkedHashMap<>();
        try (Arena arena = Arena.ofConfined()) {
            WeightFiles files = WeightFiles.open(folder, arena);
            Map<String, StoredTensor> stored = files.tensors();
            new WeightChecks(folder).requireEnough(config.architecture(), stored);
            ParameterLayout.of(config.architecture())
                    .forEach((name, shape) -> sums.computeIfAbsent(kind(name, shape), _ -> new Sum())
                            .add(shape, stored.get(name), stored.get(WeightFormat.scalesName(name))));
            List<Kind> kinds = new ArrayList<>();
            sums.forEach((name, sum) -> kinds.add(new Kind(name, sum.parameters, List.copyOf(sum.types), sum.bytes)));
            return new WeightSummary(config.quantization(), List.copyOf(kinds), files.bytes());
        }
    }

    private static String kind(String name, long[] shape) {
        if (shape.length == 1) {
            return "norms";
        }
        return switch (name) {
            case ParameterLayout.EMBEDDING -> "embedding";
            case ParameterLayout.HEAD -> "output matrix";
            case ParameterLayout.CACHE_K, ParameterLayout.CACHE_V -> "global cache";
            default -> name.contains(".mlp.") ? "MLP" : "attention";
        };
    }

    /** What is summed up over the weights of a kind. */
    private static final class Sum {
        private long parameters;
        private long bytes;
        private final Set<String> types = new TreeSet<>();

        void add(long[] shape, @Nullable StoredTensor values, @Nullable StoredTensor scales) {
            long n = 1;
            for (long s : shape) {
                n *= s;
            }
            parameters += n;
            if (values != null) {
                bytes += values.data().byteSize();
                types.add(scales == null ? values.dtype().name() : quantized(values));
            }
            bytes += scales == null ? 0 : scales.data().byteSize();
        }

        private static String quantized(StoredTensor values) {
            try {
                return WeightFormat.of(values).label();
            } catch (IllegalArgumentException e) {
                throw new InvalidInputException(
                        "tensor " + values.name() + " is " + values.dtype()
                                + ", but has scales as only quantized ones do: take the model's file again",
                        e);
            }
        }
    }
}
