package io.yoco4j.train;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.checkpoint.DType;
import io.yoco4j.core.checkpoint.Safetensors;
import io.yoco4j.core.checkpoint.SafetensorsWriter;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.train.model.Parameters;
import io.yoco4j.train.model.Torch;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Where a run stands, in one file, so that weights, optimizer and position can never be of different moments. Data
 * order, drawn loops and dropout are functions of (seed, step), so the step is all that is left of the random state.
 *
 * @param step optimizer steps done
 * @param seconds training time so far
 */
record TrainingState(long step, double seconds) {
    static final String FILE = "state.safetensors";
    /** What a double counts to exactly. */
    private static final double MAX_STEP = 1L << 53;

    private static final String KIND = "yoco4j training state";

    void write(Path folder, Parameters parameters, AdamW optimizer) {
        long[] shape = {parameters.count()};
        new SafetensorsWriter(Map.of(
                        "kind", KIND,
                        "step", Long.toString(step),
                        "seconds", Double.toString(seconds)))
                .add("weights", DType.F32, shape, () -> Torch.memory(parameters.values()))
                .add("first_moment", DType.F32, shape, () -> Torch.memory(optimizer.firstMoment()))
                .add("second_moment", DType.F32, shape, () -> Torch.memory(optimizer.secondMoment()))
                .write(folder.resolve(FILE));
    }

    /**
     * Reads a state back into weights and optimizer.
     *
     * @throws InvalidInputException when the file is missing, of another model, or corrupt
     */
    static TrainingState read(Path folder, Parameters parameters, AdamW optimizer) {
        Path file = folder.resolve(FILE);
        try (Arena arena = Arena.ofConfined()) {
            Safetensors state = Safetensors.open(file, arena);
            if (!KIND.equals(state.metadata().get("kind"))) {
                throw new InvalidInputException(file + " is not a training state: name a folder that yoco train wrote");
            }
            fill(file, state, "weights", parameters.values());
            fill(file, state, "first_moment", optimizer.firstMoment());
            fill(file, state, "second_moment", optimizer.secondMoment());
            double step = number(file, state, "step");
            if (step != Math.rint(step) || step > MAX_STEP) {
                throw new InvalidInputException(file + ": metadata step is " + step + ", not a number of steps");
            }
            return new TrainingState((long) step, number(file, state, "seconds"));
        }
    }

    private static void fill(Path file, Safetensors state, String name, Tensor into) {
        StoredTensor tensor = state.tensor(name);
        if (tensor.dtype() != DType.F32 || tensor.elements() != into.numel()) {
            throw new InvalidInputException(file + ": tensor " + name + " has " + tensor.elements()
                    + " values, but the model in config.json has " + into.numel() + ": they are of different models");
        }
        if (!tensor.finite()) {
            throw new InvalidInputException(file + ": tensor " + name + " has a value that is NaN or infinite");
        }
        Torch.memory(into).copyFrom(tensor.data());
    }

    private static double number(Path file, Safetensors state, String name) {
        String value = state.metadata().getOrDefault(name, "");
        try {
            double number = Double.parseDouble(value);
            if (!(number >= 0 && number < Double.POSITIVE_INFINITY)) {
                throw new NumberFormatException();
            }
            return number;
        } catch (NumberFormatException e) {
            throw new InvalidInputException(
                    file + ": metadata " + name + " is \"" + value + "\", not a number from 0", e);
        }
    }
}
