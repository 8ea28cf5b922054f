package io.yoco4j.core.checkpoint;

import io.yoco4j.core.Sha256;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * Tells a model's weights from others: a SHA-256 over every tensor's name, type and shape, and over samples of its bytes,
 * so that gigabytes need not be read. Training changes nearly every value, so that it changes the samples too.
 */
public final class ModelFingerprint {
    private static final int SAMPLE = 4096;
    /** Of a tensor: one at each end, the others in between. */
    private static final int SAMPLES = 8;

    private ModelFingerprint() {}

    /** The fingerprint of tensors, in hexadecimal; their order does not matter. */
    public static String of(Map<String, StoredTensor> tensors) {
        MessageDigest digest = Sha256.digest();
        new TreeMap<>(tensors).forEach((name, tensor) -> {
            String kind = name + '\n' + tensor.dtype() + Arrays.toString(tensor.shape()) + '\n';
            digest.update(kind.getBytes(StandardCharsets.UTF_8));
            sample(tensor.data(), digest);
        });
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void sample(MemorySegment data, MessageDigest digest) {
        long size = data.byteSize();
        if (size <= (long) SAMPLE * SAMPLES) {
            digest.update(data.asByteBuffer());
            return;
        }
        for (int i = 0; i < SAMPLES; i++) {
            long from = (size - SAMPLE) / (SAMPLES - 1) * i;
            digest.update(
                    data.asSlice(i < SAMPLES - 1 ? from : size - SAMPLE, SAMPLE).asByteBuffer());
        }
    }
}
