package io.yoco4j.engine;

import io.yoco4j.engine.kernel.KernelSelection;

class VectorSystemTest extends SystemContract {
    VectorSystemTest() {
        super(KernelSelection.VECTOR);
    }
}
