package io.yoco4j.onednn;

import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.kernel.Kernels;
import io.yoco4j.engine.kernel.ManyRowProducts;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * Products through oneDNN: on Linux, on x86-64 processors that multiply bfloat16. Activations are rounded to bfloat16, sums
 * are float32.
 */
public final class OneDnn implements ManyRowProducts.Provider {
    static final String NAME = "onednn";

    /** Not float32 or float16: rounding those would lose what they were stored for. */
    private static final Set<WeightFormat> FORMATS =
            Collections.unmodifiableSet(EnumSet.of(WeightFormat.BF16, WeightFormat.Q8, WeightFormat.Q4));

    public OneDnn() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Set<WeightFormat> formats() {
        return FORMATS;
    }

    @Override
    public ManyRowProducts open(Kernels kernels, int threads) {
        OneDnnLibrary.require();
        return new OneDnnProducts(kernels, threads);
    }
}
