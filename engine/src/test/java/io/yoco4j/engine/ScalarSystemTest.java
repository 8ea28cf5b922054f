package io.yoco4j.engine;

import io.yoco4j.engine.kernel.KernelSelection;

class ScalarSystemTest extends SystemContract {
    ScalarSystemTest() {
        super(KernelSelection.SCALAR);
    }
}
