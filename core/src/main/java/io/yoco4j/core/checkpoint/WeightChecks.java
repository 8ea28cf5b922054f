package io.yoco4j.core.checkpoint;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.ParameterLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Whether what a folder's safetensors files hold is what its config.json calls for; the files are named as one. */
final class WeightChecks {
    private final Path file;

    WeightChecks(Path folder) {
        file = WeightFiles.index(folder);
    }

    /**
     * A model's tensors in the layout's order, scales after their values.
     *
     * @throws InvalidInputException when one is missing, unsound, or has no place in the model
     */
    Map<String, StoredTensor> requireAll(CheckpointConfig config, Map<String, StoredTensor> stored) {
        requireEnough(config.architecture(), stored);
        Map<String, StoredTensor> taken = new LinkedHashMap<>();
        ParameterLayout.of(config.architecture()).forEach((name, shape) -> {
            Optional<WeightFormat> format =
                    config.quantization().filter(_ -> shape.length == 2).map(f -> f.forMatrix(name));
            StoredTensor tensor = take(name, stored, taken);
            if (format.isPresent()) {
                requireType(tensor, format.get().dtype());
                requireShape(tensor, format.get().valuesShape(shape));
                StoredTensor scales = take(WeightFormat.scalesName(name), stored, taken);
                requireType(scales, DType.BF16);
                requireShape(scales, WeightFormat.scalesShape(shape));
                requireScales(scales, format.get());
            } else {
                requireSound(tensor, shape);
            }
        });
        for (String name : stored.keySet()) {
            if (!taken.containsKey(name)) {
                throw new InvalidInputException(file + " has a tensor " + name
                        + " that config.json has no place for: the two files are of different models");
            }
        }
        return taken;
    }

    private StoredTensor take(String name, Map<String, StoredTensor> stored, Map<String, StoredTensor> taken) {
        StoredTensor tensor = stored.get(name);
        if (tensor == null) {
            throw new InvalidInputException(file + " has no tensor " + name
                    + ", which config.json calls for: the file is incomplete or of another model");
        }
        taken.put(name, tensor);
        return tensor;
    }

    /** Fewer tensors than layers: then no layout of (perhaps very many) layers is made to find the first missing. */
    void requireEnough(Architecture architecture, Map<String, StoredTensor> stored) {
        if (stored.size() < architecture.layers()) {
            throw new InvalidInputException(file + " has " + stored.size() + " tensors, too few for the "
                    + architecture.layers() + " layers of config.json: the file is incomplete or of another model");
        }
    }

    /** Checks type, shape and values of a weight in floating point. */
    void requireSound(StoredTensor tensor, long[] shape) {
        if (!tensor.dtype().floating()) {
            throw new InvalidInputException(where(tensor) + " is " + tensor.dtype()
                    + ", but must be F32, BF16 or F16: only matrices are quantized, and config.json then says so");
        }
        requireShape(tensor, shape);
        if (!tensor.finite()) {
            throw new InvalidInputException(where(tensor)
                    + " has a value that is NaN or infinite: the training that wrote it diverged, or it is corrupt");
        }
    }

    private void requireType(StoredTensor tensor, DType dtype) {
        if (tensor.dtype() != dtype) {
            throw new InvalidInputException(where(tensor) + " is " + tensor.dtype() + ", but must be " + dtype
                    + " by the quantization in config.json: the two files are of different models");
        }
    }

    private void requireShape(StoredTensor tensor, long[] shape) {
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new InvalidInputException(where(tensor) + " has shape " + Arrays.toString(tensor.shape())
                    + ", but config.json makes it " + Arrays.toString(shape));
        }
    }

    /** The largest scale times the largest value must not overflow; NaN and infinity have larger bits than any number. */
    private void requireScales(StoredTensor scales, WeightFormat format) {
        int most = format == WeightFormat.Q4 ? GroupQuantizer.Q4_MOST : Byte.MAX_VALUE;
        if (!Float.isFinite(most * scales.largestBFloat16())) {
            throw new InvalidInputException(
                    where(scales) + " has a scale that is NaN, infinite or too large: the file is corrupt");
        }
    }

    private String where(StoredTensor tensor) {
        return file + ": tensor " + tensor.name();
    }
}
